/*
 * float.c - float4 and float8: the shortest text that reads back as the same value
 * Licence: MIT, see LICENSE.
 */
#include "sql/type/float.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "sql/type/impl.h"

static const char *float_name(oid_t type)
{
	return type == FLOAT4OID ? "real" : "double precision";
}

void datum_set_float(struct datum *d, double v)
{
	if (UNLIKELY(isnan(v))) {
		datum_set_text(d, "NaN", 3);
		return;
	}
	d->kind = DATUM_REAL;
	d->r = v == 0 ? 0 : v;
}

bool datum_get_float(const struct datum *d, double *v)
{
	if (LIKELY(d->kind == DATUM_REAL))
		*v = d->r;
	else if (d->kind == DATUM_INT)
		*v = (double)d->i;
	else if (d->kind == DATUM_TEXT && d->len == 3 && memcmp(d->data, "NaN", 3) == 0)
		*v = (double)NAN;
	else
		return false;
	return true;
}

/* NaN, inf and infinity with a sign or without, in any case. */
static bool float_word(const char *text, size_t len, double *v)
{
	bool negative = false;

	if (type_word_is(text, len, "nan")) {
		*v = (double)NAN;
		return true;
	}
	if (len > 0 && (*text == '-' || *text == '+')) {
		negative = *text == '-';
		text++;
		len--;
	}
	if (!type_word_is(text, len, "inf") && !type_word_is(text, len, "infinity"))
		return false;
	*v = negative ? -(double)INFINITY : (double)INFINITY;
	return true;
}

enum float_parse_rc float_parse(const char *text, size_t len, bool is_float4, double *v)
{
	char small[128];
	char *copy = small, *end;
	enum float_parse_rc rc = FLOAT_PARSE_OK;

	type_trim(&text, &len);
	if (len == 0)
		return FLOAT_PARSE_SYNTAX;
	if (float_word(text, len, v))
		return FLOAT_PARSE_OK;
	/* what strtod() knows and PostgreSQL does not: nan(chars) */
	if (!type_is_digit(*text) && *text != '.' && *text != '-' && *text != '+')
		return FLOAT_PARSE_SYNTAX;
	if (len > 1 && (*text == '-' || *text == '+') && !type_is_digit(text[1]) && text[1] != '.')
		return FLOAT_PARSE_SYNTAX;
	if (len >= sizeof(small)) {
		copy = malloc(len + 1);
		if (copy == NULL)
			return FLOAT_PARSE_SYNTAX;
	}
	memcpy(copy, text, len);
	copy[len] = '\0';
	errno = 0;
	if (is_float4) {
		float f = strtof(copy, &end);

		if (errno == ERANGE && (f == 0 || isinf(f)))
			rc = FLOAT_PARSE_RANGE;
		*v = (double)f;
	} else {
		*v = strtod(copy, &end);
		if (errno == ERANGE && (*v == 0 || isinf(*v)))
			rc = FLOAT_PARSE_RANGE;
	}
	if (end != copy + len)
		rc = FLOAT_PARSE_SYNTAX;
	if (copy != small)
		free(copy);
	return rc;
}

static bool float_in(const struct type_input *in, struct datum *out, struct sql_error *err)
{
	double v;

	switch (float_parse(in->data, in->len, in->type == FLOAT4OID, &v)) {
	case FLOAT_PARSE_OK:
		datum_set_float(out, v);
		return true;
	case FLOAT_PARSE_RANGE: {
		const char *text = in->data;
		size_t len = in->len;

		type_trim(&text, &len);
		return sql_error_set(err, ERRCODE_NUMERIC_OUT_OF_RANGE,
				     "\"%.*s\" is out of range for type %s", (int)len, text,
				     float_name(in->type));
	}
	case FLOAT_PARSE_SYNTAX:
		break;
	}
	return type_bad_syntax(in, float_name(in->type), err);
}

/* Is the text exactly between two floats?  It reads as v only by the rule for ties. */
static bool is_midpoint(const char *text, double v, bool is_float4)
{
	long double exact = strtold(text, NULL), here = v;
	long double up = is_float4 ? (long double)nextafterf((float)v, INFINITY) : nextafter(v, (double)INFINITY);
	long double down = is_float4 ? (long double)nextafterf((float)v, 0) : nextafter(v, 0);

	return exact == (here + up) / 2 || exact == (here + down) / 2;
}

/*
 * The shortest digits that read back as v, without trailing zeros; *exp10 is the
 * power of ten of the first.  v is finite and greater than 0.
 */
static int shortest_digits(double v, bool is_float4, char digits[32], int *exp10)
{
	static const double powers[] = { 1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8 };
	char text[40];
	int n = 0;

	/*
	 * Most numbers that people store are a small integer over a small power of
	 * ten; both are exact, so the division is the value that the text reads as.
	 */
	if (v < 1e9 && v >= 1e-4) {
		for (size_t k = 0; k < ARRAY_LEN(powers); k++) {
			double m = v * powers[k];

			if (m >= 1e15)
				break;
			double rounded = nearbyint(m);
			if (is_float4 ? (rounded < 1e7 && (float)(rounded / powers[k]) == (float)v &&
					 (float)rounded / (float)powers[k] == (float)v)
				      : rounded / powers[k] == v) {
				int64_t i = (int64_t)rounded;

				n = 0;
				for (; i > 0; i /= 10)
					text[n++] = (char)('0' + i % 10);
				*exp10 = n - 1 - (int)k;
				for (int j = 0; j < n; j++)
					digits[j] = text[n - 1 - j];
				while (n > 1 && digits[n - 1] == '0')
					n--;
				return n;
			}
		}
	}
	int least = is_float4 ? (v < 1.2e-38 ? 1 : 6) : (v < 2.3e-308 ? 1 : 15);
	int most = is_float4 ? 9 : 17;
	for (int p = least; p <= most; p++) {
		snprintf(text, sizeof(text), "%.*e", p - 1, v);
		if (p == most || ((is_float4 ? strtof(text, NULL) == (float)v : strtod(text, NULL) == v) &&
				  !is_midpoint(text, v, is_float4)))
			break;
	}
	for (const char *c = text; *c != 'e'; c++)
		if (*c != '.')
			digits[n++] = *c;
	*exp10 = atoi(strchr(text, 'e') + 1);
	while (n > 1 && digits[n - 1] == '0')
		n--;
	return n;
}

void float_put(struct buf *out, double v, bool is_float4, int extra_float_digits)
{
	char digits[32];
	int exp10, n;

	if (isnan(v)) {
		buf_put(out, "NaN", 3);
		return;
	}
	if (v < 0) {
		if (isinf(v)) {
			buf_put(out, "-Infinity", 9);
			return;
		}
		buf_put_byte(out, '-');
		v = -v;
	} else if (isinf(v)) {
		buf_put(out, "Infinity", 8);
		return;
	}
	if (extra_float_digits <= 0) {
		int ndig = (is_float4 ? 6 : 15) + extra_float_digits;

		buf_printf(out, "%.*g", ndig < 1 ? 1 : ndig, v);
		return;
	}
	if (v == 0) {
		buf_put_byte(out, '0');
		return;
	}
	n = shortest_digits(v, is_float4, digits, &exp10);
	if (exp10 < -4 || exp10 >= (is_float4 ? 6 : 15)) {
		buf_put_byte(out, digits[0]);
		if (n > 1) {
			buf_put_byte(out, '.');
			buf_put(out, digits + 1, (size_t)(n - 1));
		}
		buf_printf(out, "e%c%02d", exp10 < 0 ? '-' : '+', abs(exp10));
	} else if (exp10 < 0) {
		buf_put(out, "0.0000", (size_t)(1 - exp10));
		buf_put(out, digits, (size_t)n);
	} else if (n <= exp10 + 1) {
		buf_put(out, digits, (size_t)n);
		buf_put(out, "00000000000000000", (size_t)(exp10 + 1 - n));
	} else {
		buf_put(out, digits, (size_t)(exp10 + 1));
		buf_put_byte(out, '.');
		buf_put(out, digits + exp10 + 1, (size_t)(n - exp10 - 1));
	}
}

static bool float_out(const struct type_context *ctx, oid_t type, const struct datum *value,
		      struct buf *out, struct sql_error *err)
{
	double v;

	if (!datum_get_float(value, &v))
		return type_corrupt(type, err);
	float_put(out, v, type == FLOAT4OID, ctx->env->extra_float_digits);
	return true;
}

static bool float4_recv(const struct type_input *in, struct datum *out, struct sql_error *err)
{
	float f;

	if (in->len != 4)
		return type_bad_binary(err);
	uint32_t u = get_u32(in->data);
	memcpy(&f, &u, sizeof(f));
	datum_set_float(out, (double)f);
	return true;
}

static bool float8_recv(const struct type_input *in, struct datum *out, struct sql_error *err)
{
	double d;

	if (in->len != 8)
		return type_bad_binary(err);
	uint64_t u = get_u64(in->data);
	memcpy(&d, &u, sizeof(d));
	datum_set_float(out, d);
	return true;
}

static bool float4_send(const struct type_context *ctx, oid_t type, const struct datum *value,
			struct buf *out, struct sql_error *err)
{
	double v;
	uint32_t u;

	(void)ctx;
	if (!datum_get_float(value, &v))
		return type_corrupt(type, err);
	float f = (float)v;
	memcpy(&u, &f, sizeof(u));
	buf_put_u32(out, u);
	return true;
}

static bool float8_send(const struct type_context *ctx, oid_t type, const struct datum *value,
			struct buf *out, struct sql_error *err)
{
	double v;
	uint64_t u;

	(void)ctx;
	if (!datum_get_float(value, &v))
		return type_corrupt(type, err);
	memcpy(&u, &v, sizeof(u));
	buf_put_u64(out, u);
	return true;
}

const struct type_ops float_types[] = {
	{ FLOAT4OID, "REAL", float_in, float_out, float4_recv, float4_send },
	{ FLOAT8OID, "REAL", float_in, float_out, float8_recv, float8_send },
	{ 0 },
};
