// SPDX-License-Identifier: BSD-2-Clause
#include <stdint.h>

#include "fmt/fmt.h"

struct out {
	char *buf;
	size_t size;
	size_t len;
};

struct spec {
	int left;
	int zero;
	int width;
	int precision; /* -1: none */
	int length; /* bytes of the integer argument */
};

static void put(struct out *o, char c)
{
	if (o->len + 1 < o->size)
		o->buf[o->len] = c;
	o->len++;
}

static void pad(struct out *o, char c, int n)
{
	while (n-- > 0)
		put(o, c);
}

static void put_string(struct out *o, const struct spec *sp, const char *s)
{
	int n = 0;

	if (!s)
		s = "(null)";
	while ((sp->precision < 0 || n < sp->precision) && s[n])
		n++;
	if (!sp->left)
		pad(o, ' ', sp->width - n);
	for (int i = 0; i < n; i++)
		put(o, s[i]);
	if (sp->left)
		pad(o, ' ', sp->width - n);
}

static void put_number(struct out *o, const struct spec *sp, uint64_t v, unsigned int base,
		       int upper, const char *prefix)
{
	const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	char tmp[24];
	int n = 0, extra = 0;

	do {
		tmp[n++] = digits[v % base];
		v /= base;
	} while (v);
	while (prefix[extra])
		extra++;
	if (!sp->left && !sp->zero)
		pad(o, ' ', sp->width - n - extra);
	for (int i = 0; i < extra; i++)
		put(o, prefix[i]);
	if (!sp->left && sp->zero)
		pad(o, '0', sp->width - n - extra);
	for (int i = n; i > 0; i--)
		put(o, tmp[i - 1]);
	if (sp->left)
		pad(o, ' ', sp->width - n - extra);
}

static int64_t arg_signed(va_list *ap, int length)
{
	if (length == 8)
		return va_arg(*ap, int64_t);
	int v = va_arg(*ap, int);

	return length == 1 ? (signed char)v : length == 2 ? (short)v : v;
}

static uint64_t arg_unsigned(va_list *ap, int length)
{
	if (length == 8)
		return va_arg(*ap, uint64_t);
	unsigned int v = va_arg(*ap, unsigned int);

	return length == 1 ? (unsigned char)v : length == 2 ? (unsigned short)v : v;
}

static const char *parse_number(const char *f, va_list *ap, int *v)
{
	if (*f == '*') {
		*v = va_arg(*ap, int);
		return f + 1;
	}
	*v = 0;
	while (*f >= '0' && *f <= '9')
		*v = *v * 10 + (*f++ - '0');
	return f;
}

static const char *parse_spec(const char *f, va_list *ap, struct spec *sp)
{
	*sp = (struct spec){ .precision = -1, .length = sizeof(int) };
	for (;; f++) {
		if (*f == '-')
			sp->left = 1;
		else if (*f == '0')
			sp->zero = 1;
		else
			break;
	}
	f = parse_number(f, ap, &sp->width);
	if (*f == '.')
		f = parse_number(f + 1, ap, &sp->precision);
	for (;; f++) {
		if (*f == 'l' || *f == 'z' || *f == 'j')
			sp->length = 8;
		else if (*f == 'h')
			sp->length = sp->length == 2 ? 1 : 2;
		else
			return f;
	}
}

static void convert(struct out *o, const struct spec *sp, char conv, va_list *ap)
{
	int64_t v;

	switch (conv) {
	case 'c':
		put(o, (char)va_arg(*ap, int));
		break;
	case 's':
		put_string(o, sp, va_arg(*ap, const char *));
		break;
	case 'd':
	case 'i':
		v = arg_signed(ap, sp->length);
		put_number(o, sp, v < 0 ? -(uint64_t)v : (uint64_t)v, 10, 0, v < 0 ? "-" : "");
		break;
	case 'u':
		put_number(o, sp, arg_unsigned(ap, sp->length), 10, 0, "");
		break;
	case 'x':
	case 'X':
		put_number(o, sp, arg_unsigned(ap, sp->length), 16, conv == 'X', "");
		break;
	case 'p':
		put_number(o, sp, (uintptr_t)va_arg(*ap, void *), 16, 0, "0x");
		break;
	case '%':
		put(o, '%');
		break;
	default:
		put(o, '%');
		put(o, conv);
	}
}

int fmt_vsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
	struct out o = { buf, size, 0 };
	struct spec sp;
	va_list args;

	va_copy(args, ap);
	while (*fmt) {
		if (*fmt != '%') {
			put(&o, *fmt++);
			continue;
		}
		fmt = parse_spec(fmt + 1, &args, &sp);
		if (!*fmt)
			break;
		convert(&o, &sp, *fmt++, &args);
	}
	va_end(args);
	if (size)
		buf[o.len < size ? o.len : size - 1] = '\0';
	return (int)o.len;
}

int fmt_snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = fmt_vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return n;
}
