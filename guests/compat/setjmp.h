/* Preview 1 has no way back over frames: there is nothing to jump to, so who jumps ends. */
#pragma once

#include <stdlib.h>

typedef int jmp_buf[1];

static inline int setjmp(jmp_buf at) { (void)at; return 0; }
static inline _Noreturn void longjmp(jmp_buf at, int value) { (void)at; (void)value; abort(); }
