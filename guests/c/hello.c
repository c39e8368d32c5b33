/* The smallest program that says something. */
#include <stdio.h>

int main(void)
{
	puts("Hello, World!");
	return 0;
}
