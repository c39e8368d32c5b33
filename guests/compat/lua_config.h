/* Lua's errors without setjmp: one that is thrown ends the program with its message, so pcall sees only success. Coroutines can't yield. */
#pragma once

#include <stdio.h>
#include <stdlib.h>

#define LUAI_THROW(L, c) ((void)(c), fprintf(stderr, "lua: %s\n", lua_tostring(L, -1)), exit(1))
#define LUAI_TRY(L, c, a) { a }
#define luai_jmpbuf int
#define L_tmpnam 20
#define LUA_TMPNAMBUFSIZE 32
#define lua_tmpnam(buffer, failed) { (void)(buffer); (failed) = 1; }

#define tmpfile() NULL
#define system(command) (-1)
