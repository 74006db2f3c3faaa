// SPDX-License-Identifier: BSD-2-Clause
#include <stdint.h>

#include "string/string.h"

/* Word-wise when both pointers are aligned: the boot package and page copies are large. */
struct block {
	uint64_t w[4];
};

static int word_aligned(const void *a, const void *b)
{
	return (((uintptr_t)a | (uintptr_t)b) % sizeof(uint64_t)) == 0;
}

void *memcpy(void *restrict dst, const void *restrict src, size_t n)
{
	unsigned char *d = dst;
	const unsigned char *s = src;

	if (word_aligned(d, s)) {
		while (n >= sizeof(struct block)) {
			*(struct block *)d = *(const struct block *)s;
			d += sizeof(struct block);
			s += sizeof(struct block);
			n -= sizeof(struct block);
		}
		while (n >= sizeof(uint64_t)) {
			*(uint64_t *)d = *(const uint64_t *)s;
			d += sizeof(uint64_t);
			s += sizeof(uint64_t);
			n -= sizeof(uint64_t);
		}
	}
	while (n--)
		*d++ = *s++;
	return dst;
}

void *memmove(void *dst, const void *src, size_t n)
{
	unsigned char *d = dst;
	const unsigned char *s = src;

	if (d == s || n == 0)
		return dst;
	if (d < s || d >= s + n) {
		/* Forward is safe; memcpy itself only walks forward, word by word. */
		while (n--)
			*d++ = *s++;
		return dst;
	}
	while (n--)
		d[n] = s[n];
	return dst;
}

void *memset(void *dst, int c, size_t n)
{
	unsigned char *d = dst;
	uint64_t w = (unsigned char)c * UINT64_C(0x0101010101010101);

	while (n && (uintptr_t)d % sizeof(w)) {
		*d++ = (unsigned char)c;
		n--;
	}
	for (; n >= sizeof(w); n -= sizeof(w), d += sizeof(w))
		*(uint64_t *)d = w;
	while (n--)
		*d++ = (unsigned char)c;
	return dst;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const unsigned char *x = a, *y = b;

	for (; n; n--, x++, y++) {
		if (*x != *y)
			return *x < *y ? -1 : 1;
	}
	return 0;
}

void *memchr(const void *s, int c, size_t n)
{
	const unsigned char *p = s;

	for (; n; n--, p++) {
		if (*p == (unsigned char)c)
			return (void *)(uintptr_t)p;
	}
	return NULL;
}

size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

size_t strnlen(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n])
		n++;
	return n;
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return (unsigned char)*a - (unsigned char)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n; n--, a++, b++) {
		if (*a != *b || !*a)
			return (unsigned char)*a - (unsigned char)*b;
	}
	return 0;
}

char *strchr(const char *s, int c)
{
	for (;; s++) {
		if (*s == (char)c)
			return (char *)(uintptr_t)s;
		if (!*s)
			return NULL;
	}
}

char *strrchr(const char *s, int c)
{
	const char *hit = NULL;

	for (;; s++) {
		if (*s == (char)c)
			hit = s;
		if (!*s)
			return (char *)(uintptr_t)hit;
	}
}

static unsigned int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned int)(c - '0');
	if (c >= 'a' && c <= 'z')
		return (unsigned int)(c - 'a') + 10;
	if (c >= 'A' && c <= 'Z')
		return (unsigned int)(c - 'A') + 10;
	return ~0u;
}

unsigned long strtoul(const char *s, char **end, int base)
{
	const char *start = s;
	unsigned long v = 0;
	unsigned int d;
	int any = 0;

	while (*s == ' ' || (*s >= '\t' && *s <= '\r'))
		s++;
	if ((base == 0 || base == 16) && s[0] == '0' && (s[1] == 'x' || s[1] == 'X') &&
	    digit_value(s[2]) < 16) {
		s += 2;
		base = 16;
	} else if (base == 0) {
		base = *s == '0' ? 8 : 10;
	}
	for (; (d = digit_value(*s)) < (unsigned int)base; s++, any = 1) {
		if (v > (~0ul - d) / (unsigned long)base)
			v = ~0ul;
		else
			v = v * (unsigned long)base + d;
	}
	if (end)
		*end = (char *)(uintptr_t)(any ? s : start);
	return v;
}
