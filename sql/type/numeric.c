/*
 * numeric.c - exact decimal numbers: arithmetic, and how they are stored
 *
 * FORMAT   of the key (key.h)
 *    '9' NaN, '8' infinity, '7' positive, '5' zero, '3' negative, '1' -infinity
 *    positive: the exponent e as an integer of key.h, and the significant digits d,
 *              without zeros at the end: the value is 0.ddd * 10^e
 *    negative: -e, the digits each taken from 9, and ':'
 *    payload: the display scale in base 64, '0' + digit, if it is not the least one
 *              that shows all digits; otherwise nothing
 * Licence: MIT, see LICENSE.
 */
#include "sql/type/numeric.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "sql/type/float.h"
#include "sql/type/impl.h"
#include "sql/type/key.h"

#define SMALL_DIGITS 18 /* that many digits fit an int64 */
#define MIN_SIG_DIGITS 16
#define MAX_EXPONENT 131072

static const int64_t powers[SMALL_DIGITS + 1] = {
	INT64_C(1), INT64_C(10), INT64_C(100), INT64_C(1000), INT64_C(10000), INT64_C(100000),
	INT64_C(1000000), INT64_C(10000000), INT64_C(100000000), INT64_C(1000000000),
	INT64_C(10000000000), INT64_C(100000000000), INT64_C(1000000000000),
	INT64_C(10000000000000), INT64_C(100000000000000), INT64_C(1000000000000000),
	INT64_C(10000000000000000), INT64_C(100000000000000000), INT64_C(1000000000000000000),
};

static void set_small(struct numeric *n, int64_t v, int scale)
{
	n->kind = NUMERIC_FINITE;
	n->big = false;
	n->small = v;
	n->scale = scale;
}

static void set_special(struct numeric *n, enum numeric_kind kind)
{
	set_small(n, 0, 0);
	n->kind = kind;
}

void numeric_from_int(struct numeric *n, int64_t v)
{
	set_small(n, v, 0);
}

void numeric_from_i128(struct numeric *n, __int128 v, int scale)
{
	if (v == (int64_t)v) {
		set_small(n, (int64_t)v, scale);
		return;
	}
	unsigned __int128 u = v < 0 ? -(unsigned __int128)v : (unsigned __int128)v;
	uint64_t parts[2] = { (uint64_t)u, (uint64_t)(u >> 64) };
	mpz_init(n->z);
	mpz_import(n->z, 2, -1, sizeof(uint64_t), 0, 0, parts);
	if (v < 0)
		mpz_neg(n->z, n->z);
	n->kind = NUMERIC_FINITE;
	n->big = true;
	n->small = 0;
	n->scale = scale;
}

void numeric_get_mpz(mpz_t out, const struct numeric *n)
{
	if (n->big)
		mpz_set(out, n->z);
	else
		mpz_set_si(out, n->small);
}

void numeric_set_mpz(struct numeric *n, mpz_t z, int scale)
{
	n->kind = NUMERIC_FINITE;
	n->scale = scale;
	if (mpz_fits_slong_p(z)) {
		n->big = false;
		n->small = mpz_get_si(z);
		mpz_clear(z);
	} else {
		n->big = true;
		n->small = 0;
		*n->z = *z; /* the memory moves */
	}
}

void numeric_copy(struct numeric *to, const struct numeric *from)
{
	*to = *from;
	if (from->big)
		mpz_init_set(to->z, from->z);
}

static void multiply_by_power(mpz_t z, unsigned power)
{
	mpz_t p;

	mpz_init(p);
	mpz_ui_pow_ui(p, 10, power);
	mpz_mul(z, z, p);
	mpz_clear(p);
}

int numeric_sign(const struct numeric *n)
{
	switch (n->kind) {
	case NUMERIC_NAN:
		return 0;
	case NUMERIC_INFINITY:
		return 1;
	case NUMERIC_MINUS_INFINITY:
		return -1;
	case NUMERIC_FINITE:
		break;
	}
	if (n->big)
		return mpz_sgn(n->z);
	return n->small < 0 ? -1 : n->small > 0;
}

static int small_digits(uint64_t v)
{
	int n = 1;

	while (n <= SMALL_DIGITS && v >= (uint64_t)powers[n])
		n++;
	return n;
}

/* The decimal digits of the coefficient; *digits is freed by the caller if it is not `room`. */
static char *coefficient(const struct numeric *n, char room[32], size_t *len)
{
	if (!n->big) {
		uint64_t v = n->small < 0 ? -(uint64_t)n->small : (uint64_t)n->small;
		int count = small_digits(v);

		for (int i = count; i-- > 0; v /= 10)
			room[i] = (char)('0' + v % 10);
		room[count] = '\0';
		*len = (size_t)count;
		return room;
	}
	char *text = malloc(mpz_sizeinbase(n->z, 10) + 2);
	if (text == NULL)
		abort(); /* as GMP does */
	mpz_get_str(text, 10, n->z);
	*len = strlen(text);
	if (*text == '-')
		memmove(text, text + 1, (*len)--);
	return text;
}

int numeric_exponent(const struct numeric *n)
{
	char room[32];
	size_t len;

	if (numeric_sign(n) == 0 || n->kind != NUMERIC_FINITE)
		return 0;
	char *digits = coefficient(n, room, &len);
	if (digits != room)
		free(digits);
	return (int)len - n->scale - 1;
}

enum numeric_parse_rc numeric_parse(struct numeric *n, const char *text, size_t len)
{
	const char *p, *end, *start;
	bool negative = false, point = false, any = false;
	int64_t small = 0, scale = 0, exponent = 0;
	size_t n_digits = 0;

	set_small(n, 0, 0);
	type_trim(&text, &len);
	p = text;
	end = text + len;
	if (p < end && (*p == '-' || *p == '+'))
		negative = *p++ == '-';
	if (p < end && !type_is_digit(*p) && *p != '.') {
		size_t left = (size_t)(end - p);

		if (type_word_is(p, left, "nan") && p == text)
			set_special(n, NUMERIC_NAN);
		else if (type_word_is(p, left, "infinity") || type_word_is(p, left, "inf"))
			set_special(n, negative ? NUMERIC_MINUS_INFINITY : NUMERIC_INFINITY);
		else
			return NUMERIC_PARSE_SYNTAX;
		return NUMERIC_PARSE_OK;
	}
	start = p;
	for (; p < end; p++) {
		if (type_is_digit(*p)) {
			any = true;
			if (n_digits > 0 || *p != '0') {
				if (n_digits < SMALL_DIGITS)
					small = small * 10 + (*p - '0');
				n_digits++;
			}
			scale += point;
		} else if (*p == '.' && !point) {
			point = true;
		} else {
			break;
		}
	}
	if (!any)
		return NUMERIC_PARSE_SYNTAX;
	const char *stop = p;
	if (p < end && (*p == 'e' || *p == 'E')) {
		bool minus = false;

		p++;
		if (p < end && (*p == '-' || *p == '+'))
			minus = *p++ == '-';
		if (p == end || !type_is_digit(*p))
			return NUMERIC_PARSE_SYNTAX;
		for (; p < end && type_is_digit(*p); p++)
			if (exponent < 1000000)
				exponent = exponent * 10 + (*p - '0');
		if (minus)
			exponent = -exponent;
	}
	if (p != end)
		return NUMERIC_PARSE_SYNTAX;
	if (exponent > INT32_MAX / 2 || exponent < -(INT32_MAX / 2) || len > 1 << 28)
		return NUMERIC_PARSE_OVERFLOW;
	int64_t dscale = scale - exponent;
	if (dscale > NUMERIC_MAX_SCALE)
		return NUMERIC_PARSE_OVERFLOW;
	/* dscale < 0: zeros are to be added in front of the point */
	if (n_digits > 0 && (int64_t)n_digits - scale + exponent > MAX_EXPONENT)
		return NUMERIC_PARSE_OVERFLOW;
	if (n_digits <= SMALL_DIGITS && dscale >= 0) {
		set_small(n, negative ? -small : small, (int)dscale);
		return NUMERIC_PARSE_OK;
	}
	if (n_digits == 0) {
		set_small(n, 0, dscale < 0 ? 0 : (int)dscale);
		return NUMERIC_PARSE_OK;
	}
	char *digits = malloc((size_t)(stop - start) + 1);
	if (digits == NULL)
		return NUMERIC_PARSE_OVERFLOW;
	size_t at = 0;
	for (const char *c = start; c < stop; c++)
		if (*c != '.')
			digits[at++] = *c;
	digits[at] = '\0';
	mpz_t z;
	mpz_init_set_str(z, digits, 10);
	free(digits);
	if (negative)
		mpz_neg(z, z);
	if (dscale < 0) {
		multiply_by_power(z, (unsigned)-dscale);
		dscale = 0;
	}
	numeric_set_mpz(n, z, (int)dscale);
	return NUMERIC_PARSE_OK;
}

bool numeric_from_float(struct numeric *n, double v, bool is_float4)
{
	char text[40];

	if (isnan(v)) {
		set_special(n, NUMERIC_NAN);
		return true;
	}
	if (isinf(v)) {
		set_special(n, v > 0 ? NUMERIC_INFINITY : NUMERIC_MINUS_INFINITY);
		return true;
	}
	int len = snprintf(text, sizeof(text), "%.*g", is_float4 ? 6 : 15, v);
	return numeric_parse(n, text, (size_t)len) == NUMERIC_PARSE_OK;
}

void numeric_put(struct buf *out, const struct numeric *n)
{
	char room[32];
	size_t len;

	switch (n->kind) {
	case NUMERIC_NAN:
		buf_put(out, "NaN", 3);
		return;
	case NUMERIC_INFINITY:
		buf_put(out, "Infinity", 8);
		return;
	case NUMERIC_MINUS_INFINITY:
		buf_put(out, "-Infinity", 9);
		return;
	case NUMERIC_FINITE:
		break;
	}
	char *digits = coefficient(n, room, &len);
	size_t scale = (size_t)n->scale;
	if (numeric_sign(n) < 0)
		buf_put_byte(out, '-');
	if (len > scale) {
		buf_put(out, digits, len - scale);
	} else {
		buf_put_byte(out, '0');
	}
	if (scale > 0) {
		buf_put_byte(out, '.');
		for (size_t i = len; i < scale; i++)
			buf_put_byte(out, '0');
		buf_put(out, digits + (len > scale ? len - scale : 0), len > scale ? scale : len);
	}
	if (digits != room)
		free(digits);
}

void numeric_encode(struct buf *out, const struct numeric *n)
{
	char room[32], payload[4];
	size_t len, used, n_payload = 0;

	buf_put_byte(out, KEY_MARK);
	switch (n->kind) {
	case NUMERIC_NAN:
		buf_put(out, "90", 2);
		return;
	case NUMERIC_INFINITY:
		buf_put(out, "80", 2);
		return;
	case NUMERIC_MINUS_INFINITY:
		buf_put(out, "10", 2);
		return;
	case NUMERIC_FINITE:
		break;
	}
	int sign = numeric_sign(n);
	int least = 0;
	if (sign == 0) {
		buf_put_byte(out, '5');
	} else {
		char *digits = coefficient(n, room, &len);

		for (used = len; digits[used - 1] == '0';)
			used--;
		int exponent = (int)len - n->scale;
		if ((int)used > exponent)
			least = (int)used - exponent;
		buf_put_byte(out, sign > 0 ? '7' : '3');
		key_put_int(out, sign > 0 ? exponent : -exponent);
		if (sign < 0)
			for (size_t i = 0; i < used; i++)
				digits[i] = (char)('0' + '9' - digits[i]);
		buf_put(out, digits, used);
		if (sign < 0)
			buf_put_byte(out, ':');
		if (digits != room)
			free(digits);
	}
	if (n->scale != least) {
		unsigned scale = (unsigned)n->scale;

		if (scale >= 4096)
			payload[n_payload++] = (char)('0' + (scale >> 12));
		if (scale >= 64)
			payload[n_payload++] = (char)('0' + (scale >> 6 & 63));
		payload[n_payload++] = (char)('0' + (scale & 63));
	}
	key_finish(out, payload, n_payload);
}

static bool numeric_decode(struct numeric *n, const char *text, size_t len)
{
	struct key_parts parts;
	int64_t exponent;

	if (!key_split(text, len, &parts) || parts.key_len == 0)
		return false;
	const char *p = parts.key + 1, *end = parts.key + parts.key_len;
	char class = parts.key[0];
	switch (class) {
	case '9':
		set_special(n, NUMERIC_NAN);
		return true;
	case '8':
		set_special(n, NUMERIC_INFINITY);
		return true;
	case '1':
		set_special(n, NUMERIC_MINUS_INFINITY);
		return true;
	case '5':
	case '7':
	case '3':
		break;
	default:
		return false;
	}
	int scale = -1;
	if (parts.payload_len > 3)
		return false;
	for (size_t i = 0; i < parts.payload_len; i++)
		scale = (scale < 0 ? 0 : scale << 6) | (parts.payload[i] - '0');
	if (class == '5') {
		set_small(n, 0, scale < 0 ? 0 : scale);
		return true;
	}
	if (!key_get_int(&p, end, &exponent) || exponent > 200000 || exponent < -200000)
		return false;
	if (class == '3') {
		exponent = -exponent;
		if (p == end || *--end != ':')
			return false;
	}
	int64_t n_digits = end - p;
	int64_t least = n_digits > exponent ? n_digits - exponent : 0;
	if (scale < 0)
		scale = (int)least;
	if (scale < least || least > NUMERIC_MAX_SCALE || n_digits == 0)
		return false;
	/* zeros behind the digits that the coefficient has at this scale */
	int64_t zeros = exponent + scale - n_digits;
	if (n_digits + zeros <= SMALL_DIGITS) {
		int64_t v = 0;

		for (; p < end; p++)
			v = v * 10 + (class == '3' ? '9' - *p : *p - '0');
		v *= powers[zeros];
		set_small(n, class == '3' ? -v : v, scale);
		return true;
	}
	char *digits = malloc((size_t)n_digits + 1);
	if (digits == NULL)
		abort();
	for (int64_t i = 0; i < n_digits; i++)
		digits[i] = class == '3' ? (char)('0' + '9' - p[i]) : p[i];
	digits[n_digits] = '\0';
	mpz_t z;
	bool ok = mpz_init_set_str(z, digits, 10) == 0;
	free(digits);
	if (!ok) {
		mpz_clear(z);
		return false;
	}
	if (zeros > 0)
		multiply_by_power(z, (unsigned)zeros);
	if (class == '3')
		mpz_neg(z, z);
	numeric_set_mpz(n, z, scale);
	return true;
}

bool numeric_from_datum(struct numeric *n, const struct datum *d)
{
	set_small(n, 0, 0);
	switch (d->kind) {
	case DATUM_INT:
		set_small(n, d->i, 0);
		return true;
	case DATUM_REAL:
		return numeric_from_float(n, d->r, false);
	case DATUM_TEXT:
		if (d->len > 0 && d->data[0] == KEY_MARK)
			return numeric_decode(n, d->data, d->len);
		/* a table that another program made */
		return numeric_parse(n, d->data, d->len) == NUMERIC_PARSE_OK;
	default:
		return false;
	}
}

/* Divide the coefficient by 10^digits; half away from zero, or towards zero. */
static void drop_digits(struct numeric *n, unsigned digits, bool round)
{
	if (!n->big) {
		if (digits > SMALL_DIGITS) {
			/* 10^19 is more than twice any int64 but not all: be exact */
			n->small = digits == SMALL_DIGITS + 1 && round &&
						   (n->small >= INT64_C(5000000000000000000) ||
						    n->small <= -INT64_C(5000000000000000000))
					   ? (n->small < 0 ? -1 : 1) : 0;
			return;
		}
		int64_t p = powers[digits], q = n->small / p, r = n->small % p;

		if (round && (r < 0 ? -r : r) >= p - (r < 0 ? -r : r))
			q += n->small < 0 ? -1 : 1;
		n->small = q;
		return;
	}
	mpz_t p, z;
	mpz_init(p);
	mpz_init(z);
	mpz_ui_pow_ui(p, 10, digits);
	if (round) {
		mpz_t half;

		mpz_init(half);
		mpz_tdiv_q_2exp(half, p, 1);
		if (mpz_sgn(n->z) < 0)
			mpz_sub(z, n->z, half);
		else
			mpz_add(z, n->z, half);
		mpz_clear(half);
	} else {
		mpz_set(z, n->z);
	}
	mpz_tdiv_q(z, z, p);
	mpz_clear(p);
	mpz_clear(n->z);
	n->big = false;
	numeric_set_mpz(n, z, n->scale);
}

/* The same value with more digits behind the point. */
static void add_digits(struct numeric *n, int scale)
{
	int more = scale - n->scale;

	if (more <= 0)
		return;
	if (!n->big) {
		int64_t v;

		if (n->small == 0 ||
		    (more <= SMALL_DIGITS && !__builtin_mul_overflow(n->small, powers[more], &v))) {
			n->small = n->small == 0 ? 0 : v;
			n->scale = scale;
			return;
		}
		mpz_init_set_si(n->z, n->small);
		n->big = true;
	}
	multiply_by_power(n->z, (unsigned)more);
	n->scale = scale;
}

static void to_scale(struct numeric *n, int scale, bool round)
{
	if (n->kind != NUMERIC_FINITE)
		return;
	if (scale >= n->scale) {
		add_digits(n, scale);
		return;
	}
	drop_digits(n, (unsigned)(n->scale - scale), round);
	n->scale = scale;
	if (scale < 0) {
		int target = 0;

		n->scale = scale;
		add_digits(n, target);
	}
}

void numeric_round(struct numeric *n, int scale)
{
	to_scale(n, scale, true);
}

void numeric_trunc(struct numeric *n, int scale)
{
	to_scale(n, scale, false);
}

bool numeric_fit(struct numeric *n, int32_t typmod, struct sql_error *err)
{
	if (typmod < 4 || n->kind == NUMERIC_NAN)
		return true;
	int precision = (typmod - 4) >> 16 & 0xffff;
	int scale = (((typmod - 4) & 0x7ff) ^ 1024) - 1024;
	if (n->kind != NUMERIC_FINITE) {
		sql_error_set(err, ERRCODE_NUMERIC_OUT_OF_RANGE, "numeric field overflow");
		return sql_error_detail(err,
					"A field with precision %d, scale %d cannot hold an infinite value.",
					precision, scale);
	}
	numeric_round(n, scale);
	int digits = precision - scale; /* in front of the point */
	if (numeric_sign(n) != 0 && numeric_exponent(n) + 1 > digits) {
		sql_error_set(err, ERRCODE_NUMERIC_OUT_OF_RANGE, "numeric field overflow");
		return digits == 0
			       ? sql_error_detail(err,
						  "A field with precision %d, scale %d must round to an absolute value less than 1.",
						  precision, scale)
			       : sql_error_detail(err,
						  "A field with precision %d, scale %d must round to an absolute value less than 10^%d.",
						  precision, scale, digits);
	}
	return true;
}

void numeric_negate(struct numeric *n)
{
	if (n->kind == NUMERIC_INFINITY)
		n->kind = NUMERIC_MINUS_INFINITY;
	else if (n->kind == NUMERIC_MINUS_INFINITY)
		n->kind = NUMERIC_INFINITY;
	else if (n->big)
		mpz_neg(n->z, n->z);
	else if (n->small == INT64_MIN)
		numeric_from_i128(n, -(__int128)INT64_MIN, n->scale);
	else
		n->small = -n->small;
}

static bool special(const struct numeric *a, const struct numeric *b)
{
	return a->kind != NUMERIC_FINITE || b->kind != NUMERIC_FINITE;
}

static void add_or_sub(struct numeric *r, const struct numeric *a, const struct numeric *b, bool sub)
{
	if (LIKELY(!special(a, b) && !a->big && !b->big)) {
		int scale = a->scale > b->scale ? a->scale : b->scale;
		int da = scale - a->scale, db = scale - b->scale;
		int64_t x, y, sum;

		if (da <= SMALL_DIGITS && db <= SMALL_DIGITS &&
		    !__builtin_mul_overflow(a->small, powers[da], &x) &&
		    !__builtin_mul_overflow(b->small, powers[db], &y) &&
		    !(sub ? __builtin_sub_overflow(x, y, &sum) : __builtin_add_overflow(x, y, &sum))) {
			set_small(r, sum, scale);
			return;
		}
	}
	if (special(a, b)) {
		int x = numeric_sign(a), y = numeric_sign(b) * (sub ? -1 : 1);
		bool inf_a = a->kind > NUMERIC_NAN, inf_b = b->kind > NUMERIC_NAN;

		if (a->kind == NUMERIC_NAN || b->kind == NUMERIC_NAN || (inf_a && inf_b && x != y))
			set_special(r, NUMERIC_NAN);
		else
			set_special(r, (inf_a ? x : y) > 0 ? NUMERIC_INFINITY : NUMERIC_MINUS_INFINITY);
		return;
	}
	struct numeric x, y;
	numeric_copy(&x, a);
	numeric_copy(&y, b);
	int scale = a->scale > b->scale ? a->scale : b->scale;
	add_digits(&x, scale);
	add_digits(&y, scale);
	mpz_t zx, zy;
	mpz_init(zx);
	mpz_init(zy);
	numeric_get_mpz(zx, &x);
	numeric_get_mpz(zy, &y);
	if (sub)
		mpz_sub(zx, zx, zy);
	else
		mpz_add(zx, zx, zy);
	mpz_clear(zy);
	numeric_free(&x);
	numeric_free(&y);
	numeric_set_mpz(r, zx, scale);
}

void numeric_add(struct numeric *r, const struct numeric *a, const struct numeric *b)
{
	add_or_sub(r, a, b, false);
}

void numeric_sub(struct numeric *r, const struct numeric *a, const struct numeric *b)
{
	add_or_sub(r, a, b, true);
}

void numeric_mul(struct numeric *r, const struct numeric *a, const struct numeric *b)
{
	if (special(a, b)) {
		int sign = numeric_sign(a) * numeric_sign(b);

		if (a->kind == NUMERIC_NAN || b->kind == NUMERIC_NAN || sign == 0)
			set_special(r, NUMERIC_NAN);
		else
			set_special(r, sign > 0 ? NUMERIC_INFINITY : NUMERIC_MINUS_INFINITY);
		return;
	}
	int64_t v;
	int scale = a->scale + b->scale;
	if (!a->big && !b->big && !__builtin_mul_overflow(a->small, b->small, &v)) {
		set_small(r, v, scale);
	} else {
		mpz_t x, y;

		mpz_init(x);
		mpz_init(y);
		numeric_get_mpz(x, a);
		numeric_get_mpz(y, b);
		mpz_mul(x, x, y);
		mpz_clear(y);
		numeric_set_mpz(r, x, scale);
	}
	if (scale > NUMERIC_MAX_SCALE)
		numeric_round(r, NUMERIC_MAX_SCALE);
}

/* Weight in groups of four digits, and the first group, as PostgreSQL keeps numbers. */
static void first_group(const struct numeric *n, int *weight, int *group)
{
	char room[32];
	size_t len;

	*weight = *group = 0;
	if (numeric_sign(n) == 0)
		return;
	char *digits = coefficient(n, room, &len);
	int exponent = (int)len - n->scale - 1;
	*weight = exponent >= 0 ? exponent / 4 : -((3 - exponent) / 4);
	int count = exponent - *weight * 4 + 1;
	for (int i = 0; i < count; i++)
		*group = *group * 10 + (i < (int)len ? digits[i] - '0' : 0);
	if (digits != room)
		free(digits);
}

static int max_int(int a, int b)
{
	return a > b ? a : b;
}

int numeric_quotient_scale(const struct numeric *a, const struct numeric *b)
{
	int wa, wb, ga, gb;

	first_group(a, &wa, &ga);
	first_group(b, &wb, &gb);
	int weight = wa - wb - (ga <= gb ? 1 : 0);
	int scale = MIN_SIG_DIGITS - weight * 4;
	scale = max_int(max_int(scale, a->scale), max_int(b->scale, 0));
	return scale > NUMERIC_MAX_DISPLAY_SCALE ? NUMERIC_MAX_DISPLAY_SCALE : scale;
}

bool numeric_div_scale(struct numeric *r, const struct numeric *a, const struct numeric *b, int scale,
		       struct sql_error *err)
{
	mpz_t x, y, half;

	set_small(r, 0, 0);
	if (special(a, b)) {
		if (a->kind == NUMERIC_NAN || b->kind == NUMERIC_NAN) {
			set_special(r, NUMERIC_NAN);
		} else if (a->kind != NUMERIC_FINITE) {
			if (b->kind != NUMERIC_FINITE) {
				set_special(r, NUMERIC_NAN);
				return true;
			}
			if (numeric_sign(b) == 0)
				return sql_error_set(err, ERRCODE_DIVISION_BY_ZERO, "division by zero");
			set_special(r, numeric_sign(a) * numeric_sign(b) > 0 ? NUMERIC_INFINITY
									      : NUMERIC_MINUS_INFINITY);
		}
		return true; /* finite over infinity is 0 */
	}
	if (numeric_sign(b) == 0)
		return sql_error_set(err, ERRCODE_DIVISION_BY_ZERO, "division by zero");
	/* a * 10^(scale + b.scale - a.scale) / b, half away from zero */
	int shift = scale + b->scale - a->scale;
	if (!a->big && !b->big && shift >= 0 && shift <= SMALL_DIGITS) {
		__int128 num = (__int128)a->small * powers[shift];
		__int128 q = num / b->small, rem = num % b->small;
		__int128 abs_rem = rem < 0 ? -rem : rem;
		__int128 abs_b = b->small < 0 ? -(__int128)b->small : b->small;

		if (abs_rem * 2 >= abs_b)
			q += (num < 0) != (b->small < 0) ? -1 : 1;
		numeric_from_i128(r, q, scale);
		return true;
	}
	mpz_init(x);
	mpz_init(y);
	mpz_init(half);
	numeric_get_mpz(x, a);
	numeric_get_mpz(y, b);
	if (shift >= 0)
		multiply_by_power(x, (unsigned)shift);
	else
		multiply_by_power(y, (unsigned)-shift);
	int sign = mpz_sgn(x) * mpz_sgn(y);
	mpz_abs(x, x);
	mpz_abs(y, y);
	mpz_tdiv_q_2exp(half, y, 1);
	/* a remainder r rounds up if r + y / 2 >= y: half away from zero */
	mpz_add(x, x, half);
	mpz_tdiv_q(x, x, y);
	if (sign < 0)
		mpz_neg(x, x);
	mpz_clear(y);
	mpz_clear(half);
	numeric_set_mpz(r, x, scale);
	return true;
}

bool numeric_div(struct numeric *r, const struct numeric *a, const struct numeric *b,
		 struct sql_error *err)
{
	int scale = special(a, b) ? 0 : numeric_quotient_scale(a, b);

	return numeric_div_scale(r, a, b, scale, err);
}

static void align(mpz_t x, mpz_t y, const struct numeric *a, const struct numeric *b, int *scale)
{
	*scale = max_int(a->scale, b->scale);
	mpz_init(x);
	mpz_init(y);
	numeric_get_mpz(x, a);
	numeric_get_mpz(y, b);
	if (a->scale < *scale)
		multiply_by_power(x, (unsigned)(*scale - a->scale));
	if (b->scale < *scale)
		multiply_by_power(y, (unsigned)(*scale - b->scale));
}

bool numeric_div_trunc(struct numeric *r, const struct numeric *a, const struct numeric *b,
		       struct sql_error *err)
{
	mpz_t x, y;
	int scale;

	if (special(a, b))
		return numeric_div_scale(r, a, b, 0, err);
	set_small(r, 0, 0);
	if (numeric_sign(b) == 0)
		return sql_error_set(err, ERRCODE_DIVISION_BY_ZERO, "division by zero");
	align(x, y, a, b, &scale);
	mpz_tdiv_q(x, x, y);
	mpz_clear(y);
	numeric_set_mpz(r, x, 0);
	return true;
}

bool numeric_mod(struct numeric *r, const struct numeric *a, const struct numeric *b,
		 struct sql_error *err)
{
	mpz_t x, y;
	int scale;

	set_small(r, 0, 0);
	if (special(a, b)) {
		if (a->kind == NUMERIC_NAN || b->kind == NUMERIC_NAN) {
			set_special(r, NUMERIC_NAN);
		} else if (a->kind != NUMERIC_FINITE) {
			if (numeric_sign(b) == 0 && b->kind == NUMERIC_FINITE)
				return sql_error_set(err, ERRCODE_DIVISION_BY_ZERO, "division by zero");
			set_special(r, NUMERIC_NAN);
		} else {
			numeric_copy(r, a);
		}
		return true;
	}
	if (numeric_sign(b) == 0)
		return sql_error_set(err, ERRCODE_DIVISION_BY_ZERO, "division by zero");
	align(x, y, a, b, &scale);
	mpz_tdiv_r(x, x, y);
	mpz_clear(y);
	numeric_set_mpz(r, x, scale);
	return true;
}

int numeric_compare(const struct numeric *a, const struct numeric *b)
{
	static const int rank[] = { 1, 3, 2, 0 }; /* finite, NaN, infinity, -infinity */
	struct numeric r;

	if (special(a, b)) {
		int x = rank[a->kind], y = rank[b->kind];

		return x < y ? -1 : x > y;
	}
	numeric_sub(&r, a, b);
	int sign = numeric_sign(&r);
	numeric_free(&r);
	return sign;
}

static void to_whole(struct numeric *n, int direction)
{
	struct numeric old, r;

	if (n->kind != NUMERIC_FINITE || n->scale == 0)
		return;
	numeric_copy(&old, n);
	numeric_trunc(n, 0);
	if (numeric_compare(n, &old) == -direction) {
		struct numeric one;

		numeric_from_int(&one, direction);
		numeric_add(&r, n, &one);
		numeric_free(n);
		*n = r;
	}
	numeric_free(&old);
}

void numeric_floor(struct numeric *n)
{
	to_whole(n, -1);
}

void numeric_ceil(struct numeric *n)
{
	to_whole(n, 1);
}

double numeric_to_double(const struct numeric *n)
{
	struct buf b = BUF_INIT(1 << 20);
	double v;

	switch (n->kind) {
	case NUMERIC_NAN:
		return (double)NAN;
	case NUMERIC_INFINITY:
		return (double)INFINITY;
	case NUMERIC_MINUS_INFINITY:
		return -(double)INFINITY;
	case NUMERIC_FINITE:
		break;
	}
	if (!n->big && n->scale == 0)
		return (double)n->small;
	/* both exact: the quotient is rounded once */
	if (!n->big && n->small < (INT64_C(1) << 53) && n->small > -(INT64_C(1) << 53) && n->scale <= 15)
		return (double)n->small / (double)powers[n->scale];
	numeric_put(&b, n);
	v = strtod(buf_str(&b), NULL);
	buf_free(&b);
	return v;
}

bool numeric_to_int64(const struct numeric *n, int64_t *out)
{
	struct numeric r;
	bool ok;

	if (n->kind != NUMERIC_FINITE)
		return false;
	if (!n->big && n->scale == 0) {
		*out = n->small;
		return true;
	}
	numeric_copy(&r, n);
	numeric_round(&r, 0);
	ok = !r.big;
	*out = r.small;
	numeric_free(&r);
	return ok;
}

static bool numeric_in(const struct type_input *in, struct datum *out, struct sql_error *err)
{
	struct numeric n;
	struct buf b = BUF_INIT(1 << 20);
	bool ok;

	switch (numeric_parse(&n, in->data, in->len)) {
	case NUMERIC_PARSE_OK:
		break;
	case NUMERIC_PARSE_OVERFLOW:
		return sql_error_set(err, ERRCODE_NUMERIC_OUT_OF_RANGE, "value overflows numeric format");
	case NUMERIC_PARSE_SYNTAX:
		return type_bad_syntax(in, "numeric", err);
	}
	ok = numeric_fit(&n, in->typmod, err);
	if (ok) {
		numeric_encode(&b, &n);
		ok = b.failed ? sql_error_no_memory(err)
			      : datum_copy_text(in->ctx, b.data, b.len, out, err);
	}
	buf_free(&b);
	numeric_free(&n);
	return ok;
}

static bool numeric_out(const struct type_context *ctx, oid_t type, const struct datum *value,
			struct buf *out, struct sql_error *err)
{
	struct numeric n;

	(void)ctx;
	if (!numeric_from_datum(&n, value))
		return type_corrupt(type, err);
	numeric_put(out, &n);
	numeric_free(&n);
	return true;
}

/* Groups of four digits, the first of weight `weight` (powers of 10000). */
static bool numeric_recv(const struct type_input *in, struct datum *out, struct sql_error *err)
{
	if (in->len < 8)
		return type_bad_binary(err);
	unsigned n_groups = get_u16(in->data);
	int weight = (int16_t)get_u16(in->data + 2);
	unsigned sign = get_u16(in->data + 4), scale = get_u16(in->data + 6);
	struct buf b = BUF_INIT((size_t)1 << 20);
	struct type_input text = *in;
	bool ok;

	if (n_groups * 2 + 8 != in->len)
		return type_bad_binary(err);
	if (sign != 0 && sign != 0x4000 && sign != 0xC000 && sign != 0xD000 && sign != 0xF000)
		return sql_error_set(err, ERRCODE_INVALID_BINARY, "invalid sign in external \"numeric\" value");
	if (scale > NUMERIC_MAX_SCALE)
		return sql_error_set(err, ERRCODE_INVALID_BINARY, "invalid scale in external \"numeric\" value");
	if (sign == 0xC000)
		buf_put_str(&b, "NaN");
	else if (sign == 0xD000)
		buf_put_str(&b, "Infinity");
	else if (sign == 0xF000)
		buf_put_str(&b, "-Infinity");
	else {
		if (sign == 0x4000)
			buf_put_byte(&b, '-');
		buf_put_byte(&b, '0');
		for (int g = 0; g < (int)n_groups || g <= weight; g++) {
			unsigned digits = g < (int)n_groups ? get_u16(in->data + 8 + 2 * g) : 0;

			if (digits > 9999) {
				buf_free(&b);
				return sql_error_set(err, ERRCODE_INVALID_BINARY,
						     "invalid digit in external \"numeric\" value");
			}
			if (g == 0 && weight < 0)
				buf_put_byte(&b, '.');
			for (int z = weight; g == 0 && z < -1; z++)
				buf_put(&b, "0000", 4);
			buf_printf(&b, "%04u", digits);
			if (g == weight)
				buf_put_byte(&b, '.');
		}
		if (n_groups == 0)
			buf_put_str(&b, weight < 0 ? ".0" : "0");
	}
	text.data = buf_str(&b);
	text.len = b.len;
	/* digits behind the display scale are cut off, missing ones are zeros */
	struct numeric n;
	/* digits beyond the largest scale do not count */
	const char *point = memchr(text.data, '.', text.len);
	if (point != NULL && text.len - (size_t)(point - text.data) - 1 > scale)
		text.len = (size_t)(point - text.data) + 1 + scale;
	ok = !b.failed && numeric_parse(&n, text.data, text.len) == NUMERIC_PARSE_OK;
	buf_reset(&b);
	if (!ok) {
		buf_free(&b);
		return type_bad_binary(err);
	}
	numeric_trunc(&n, (int)scale);
	ok = numeric_fit(&n, in->typmod, err);
	if (ok) {
		numeric_encode(&b, &n);
		ok = b.failed ? sql_error_no_memory(err)
			      : datum_copy_text(in->ctx, b.data, b.len, out, err);
	}
	numeric_free(&n);
	buf_free(&b);
	return ok;
}

static bool numeric_send(const struct type_context *ctx, oid_t type, const struct datum *value,
			 struct buf *out, struct sql_error *err)
{
	struct numeric n;
	char room[32];
	size_t len;

	(void)ctx;
	if (!numeric_from_datum(&n, value))
		return type_corrupt(type, err);
	if (n.kind != NUMERIC_FINITE) {
		buf_put_u32(out, 0);
		buf_put_u16(out, n.kind == NUMERIC_NAN ? 0xC000 : n.kind == NUMERIC_INFINITY ? 0xD000 : 0xF000);
		buf_put_u16(out, n.kind == NUMERIC_NAN ? 0 : 0x20);
		return true;
	}
	char *digits = coefficient(&n, room, &len);
	int sign = numeric_sign(&n);
	while (len > 0 && digits[0] == '0') /* only of zero */
		len--;
	int exponent = (int)len - n.scale - 1;
	int weight = exponent >= 0 ? exponent / 4 : -((3 - exponent) / 4);
	int lead = exponent - weight * 4 + 1; /* digits of the first group */
	size_t used = len, groups;
	while (used > 0 && digits[used - 1] == '0')
		used--;
	groups = used == 0 ? 0 : used <= (size_t)lead ? 1 : 1 + (used - (size_t)lead + 3) / 4;
	buf_put_u16(out, (uint16_t)groups);
	buf_put_u16(out, (uint16_t)(groups == 0 ? 0 : weight));
	buf_put_u16(out, sign < 0 ? 0x4000 : 0);
	buf_put_u16(out, (uint16_t)n.scale);
	size_t at = 0;
	for (size_t g = 0; g < groups; g++) {
		unsigned v = 0;

		for (int i = g == 0 ? 4 - lead : 0; i < 4; i++, at++)
			v = v * 10 + (at < used ? (unsigned)(digits[at] - '0') : 0);
		buf_put_u16(out, (uint16_t)v);
	}
	if (digits != room)
		free(digits);
	numeric_free(&n);
	return true;
}

const struct type_ops numeric_types[] = {
	{ NUMERICOID, KEY_STORAGE, numeric_in, numeric_out, numeric_recv, numeric_send },
	{ 0 },
};
