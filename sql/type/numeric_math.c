/*
 * numeric_math.c - roots, logarithms and powers of exact numbers
 *
 * Computed in binary fixed point, with more bits than the result shows: x stands for
 * x / 2^bits.  The scale of a result is what PostgreSQL gives it.
 * Licence: MIT, see LICENSE.
 */
#include <math.h>

#include "sql/type/impl.h"
#include "sql/type/numeric.h"

#define MIN_SIG_DIGITS 16
#define MAX_RESULT_SCALE 2000
#define GUARD_BITS 96

static int max_int(int a, int b)
{
	return a > b ? a : b;
}

static int limit_scale(int scale)
{
	scale = max_int(scale, 0);
	return scale > NUMERIC_MAX_DISPLAY_SCALE ? NUMERIC_MAX_DISPLAY_SCALE : scale;
}

static void set_int(struct numeric *r, int64_t v, int scale)
{
	numeric_from_int(r, v);
	numeric_round(r, scale);
}

static void set_kind(struct numeric *r, enum numeric_kind kind)
{
	numeric_from_int(r, 0);
	r->kind = kind;
}

static unsigned bits_for(int digits)
{
	return (unsigned)(digits > 0 ? digits : 0) * 10 / 3 + GUARD_BITS;
}

/* x = n * 2^bits, cut */
static void to_fixed(mpz_t x, const struct numeric *n, unsigned bits)
{
	mpz_t p;

	numeric_get_mpz(x, n);
	mpz_mul_2exp(x, x, bits);
	mpz_init(p);
	mpz_ui_pow_ui(p, 10, (unsigned)n->scale);
	mpz_tdiv_q(x, x, p);
	mpz_clear(p);
}

/* r = x / 2^bits at `scale`, rounded; x is cleared */
static void from_fixed(struct numeric *r, mpz_t x, unsigned bits, int scale)
{
	mpz_t p;

	mpz_init(p);
	mpz_ui_pow_ui(p, 10, (unsigned)scale);
	mpz_mul(x, x, p);
	mpz_set_ui(p, 1);
	mpz_mul_2exp(p, p, bits - 1);
	if (mpz_sgn(x) < 0)
		mpz_sub(x, x, p);
	else
		mpz_add(x, x, p);
	mpz_tdiv_q_2exp(x, x, bits);
	mpz_clear(p);
	numeric_set_mpz(r, x, scale);
}

/* r = 2 * atanh(y) = ln((1 + y) / (1 - y)) for a small y */
static void atanh_series(mpz_t r, const mpz_t y, unsigned bits)
{
	mpz_t term, square, part;

	mpz_init_set(term, y);
	mpz_init(square);
	mpz_init(part);
	mpz_mul(square, y, y);
	mpz_tdiv_q_2exp(square, square, bits);
	mpz_set(r, y);
	for (unsigned long k = 3; mpz_sgn(term) != 0; k += 2) {
		mpz_mul(term, term, square);
		mpz_tdiv_q_2exp(term, term, bits);
		mpz_tdiv_q_ui(part, term, k);
		mpz_add(r, r, part);
	}
	mpz_mul_2exp(r, r, 1);
	mpz_clear(term);
	mpz_clear(square);
	mpz_clear(part);
}

static void fixed_ln2(mpz_t r, unsigned bits)
{
	mpz_t third;

	mpz_init_set_ui(third, 1);
	mpz_mul_2exp(third, third, bits);
	mpz_tdiv_q_ui(third, third, 3);
	atanh_series(r, third, bits);
	mpz_clear(third);
}

/* r = ln(n) in fixed point, n > 0 */
static void fixed_ln(mpz_t r, const struct numeric *n, unsigned bits)
{
	enum { ROOTS = 8 };
	unsigned work = bits + ROOTS + 32;
	mpz_t c, p, x, one, y;
	long k;

	mpz_init(c);
	mpz_init(p);
	mpz_init(x);
	mpz_init(y);
	mpz_init_set_ui(one, 1);
	mpz_mul_2exp(one, one, work);
	numeric_get_mpz(c, n);
	mpz_ui_pow_ui(p, 10, (unsigned)n->scale);
	/* n = x * 2^k with x between 0.7 and 1.4 */
	k = (long)mpz_sizeinbase(c, 2) - (long)mpz_sizeinbase(p, 2);
	long shift = (long)work - k;
	if (shift >= 0)
		mpz_mul_2exp(c, c, (unsigned long)shift);
	else
		mpz_mul_2exp(p, p, (unsigned long)-shift);
	mpz_tdiv_q(x, c, p);
	mpz_mul_ui(y, one, 7);
	mpz_tdiv_q_ui(y, y, 10);
	while (mpz_cmp(x, y) < 0) {
		mpz_mul_2exp(x, x, 1);
		k--;
	}
	mpz_mul_2exp(y, y, 1);
	while (mpz_cmp(x, y) > 0) {
		mpz_tdiv_q_2exp(x, x, 1);
		k++;
	}
	for (int i = 0; i < ROOTS; i++) {
		mpz_mul_2exp(x, x, work);
		mpz_sqrt(x, x);
	}
	mpz_sub(y, x, one);
	mpz_add(x, x, one);
	mpz_mul_2exp(y, y, work);
	mpz_tdiv_q(y, y, x);
	atanh_series(r, y, work);
	mpz_mul_2exp(r, r, ROOTS);
	if (k != 0) {
		fixed_ln2(y, work);
		mpz_mul_si(y, y, k);
		mpz_add(r, r, y);
	}
	mpz_tdiv_q_2exp(r, r, work - bits);
	mpz_clear(c);
	mpz_clear(p);
	mpz_clear(x);
	mpz_clear(y);
	mpz_clear(one);
}

/* r = e^x in fixed point of `bits`; x has `bits` too */
static void fixed_exp(mpz_t r, const mpz_t x, unsigned bits)
{
	enum { SQUARES = 8 };
	unsigned work = bits + SQUARES + 32;
	mpz_t y, ln2, k, term;

	mpz_init(y);
	mpz_init(ln2);
	mpz_init(k);
	mpz_init(term);
	mpz_mul_2exp(y, x, work - bits);
	fixed_ln2(ln2, work);
	mpz_fdiv_qr(k, y, y, ln2);
	mpz_tdiv_q_2exp(y, y, SQUARES);
	mpz_set_ui(r, 1);
	mpz_mul_2exp(r, r, work);
	mpz_set(term, r);
	for (unsigned long i = 1; mpz_sgn(term) != 0; i++) {
		mpz_mul(term, term, y);
		mpz_tdiv_q_2exp(term, term, work);
		mpz_tdiv_q_ui(term, term, i);
		mpz_add(r, r, term);
	}
	for (int i = 0; i < SQUARES; i++) {
		mpz_mul(r, r, r);
		mpz_tdiv_q_2exp(r, r, work);
	}
	long shift = mpz_get_si(k) - (long)(work - bits);
	if (shift >= 0)
		mpz_mul_2exp(r, r, (unsigned long)shift);
	else
		mpz_tdiv_q_2exp(r, r, (unsigned long)-shift);
	mpz_clear(y);
	mpz_clear(ln2);
	mpz_clear(k);
	mpz_clear(term);
}

/* log10 of a positive number, well enough to choose a scale */
static double approximate_log10(const struct numeric *n)
{
	mpz_t c;
	long exp2;
	double d;

	mpz_init(c);
	numeric_get_mpz(c, n);
	mpz_abs(c, c);
	d = mpz_get_d_2exp(&exp2, c);
	mpz_clear(c);
	return log10(d) + (double)exp2 * 0.30102999566398119521 - n->scale;
}

/* Power of ten of ln(n). */
static int ln_weight(const struct numeric *n)
{
	double log = approximate_log10(n) * 2.302585092994045684;

	if (fabs(log) < 0.1) {
		struct numeric one, d;

		numeric_from_int(&one, 1);
		numeric_sub(&d, n, &one);
		int weight = numeric_sign(&d) == 0 ? 0 : numeric_exponent(&d);
		numeric_free(&d);
		return weight;
	}
	return (int)log10(fabs(log));
}

bool numeric_sqrt(struct numeric *r, const struct numeric *a, struct sql_error *err)
{
	mpz_t x, p;

	set_int(r, 0, 0);
	if (a->kind == NUMERIC_NAN || a->kind == NUMERIC_INFINITY) {
		set_kind(r, a->kind);
		return true;
	}
	if (numeric_sign(a) < 0)
		return sql_error_set(err, "2201F", "cannot take square root of a negative number");
	int exponent = numeric_exponent(a);
	int weight = numeric_sign(a) == 0 ? 0 : exponent >= 0 ? exponent / 4 : -((3 - exponent) / 4);
	int root_weight = (weight + 1) * 4 / 2 - 1;
	int scale = limit_scale(max_int(MIN_SIG_DIGITS - root_weight, a->scale));
	/* floor(sqrt(a * 10^(2 * scale + 2))) has one digit more than is shown */
	mpz_init(x);
	mpz_init(p);
	numeric_get_mpz(x, a);
	int shift = 2 * scale + 2 - a->scale;
	mpz_ui_pow_ui(p, 10, (unsigned)(shift < 0 ? -shift : shift));
	if (shift >= 0)
		mpz_mul(x, x, p);
	else
		mpz_tdiv_q(x, x, p);
	mpz_sqrt(x, x);
	mpz_add_ui(x, x, 5);
	mpz_tdiv_q_ui(x, x, 10);
	mpz_clear(p);
	numeric_set_mpz(r, x, scale);
	return true;
}

static bool overflow(struct sql_error *err)
{
	return sql_error_set(err, ERRCODE_NUMERIC_OUT_OF_RANGE, "value overflows numeric format");
}

bool numeric_exp(struct numeric *r, const struct numeric *a, struct sql_error *err)
{
	mpz_t x, y;

	set_int(r, 0, 0);
	if (a->kind != NUMERIC_FINITE) {
		if (a->kind != NUMERIC_MINUS_INFINITY)
			set_kind(r, a->kind);
		return true;
	}
	double log = numeric_to_double(a) * 0.434294481903252;
	double limited = fmin(fmax(log, -MAX_RESULT_SCALE), MAX_RESULT_SCALE);
	int scale = limit_scale(max_int(MIN_SIG_DIGITS - (int)limited, a->scale));
	if (log > 131072)
		return overflow(err);
	if (log < -MAX_RESULT_SCALE) {
		set_int(r, 0, scale);
		return true;
	}
	unsigned bits = bits_for(scale + max_int((int)log, 0));
	mpz_init(x);
	mpz_init(y);
	to_fixed(x, a, bits);
	fixed_exp(y, x, bits);
	mpz_clear(x);
	from_fixed(r, y, bits, scale);
	return true;
}

static bool logarithm_takes(const struct numeric *a, struct sql_error *err)
{
	int sign = numeric_sign(a);

	if (a->kind == NUMERIC_NAN || sign > 0)
		return true;
	return sql_error_set(err, "2201E",
			     sign < 0 ? "cannot take logarithm of a negative number"
				      : "cannot take logarithm of zero");
}

bool numeric_ln(struct numeric *r, const struct numeric *a, struct sql_error *err)
{
	mpz_t x;

	set_int(r, 0, 0);
	if (!logarithm_takes(a, err))
		return false;
	if (a->kind != NUMERIC_FINITE) {
		set_kind(r, a->kind);
		return true;
	}
	int scale = limit_scale(max_int(MIN_SIG_DIGITS - ln_weight(a), a->scale));
	unsigned bits = bits_for(scale);
	mpz_init(x);
	fixed_ln(x, a, bits);
	from_fixed(r, x, bits, scale);
	return true;
}

bool numeric_log(struct numeric *r, const struct numeric *base, const struct numeric *a,
		 struct sql_error *err)
{
	mpz_t x, y;

	set_int(r, 0, 0);
	if (base->kind == NUMERIC_NAN || a->kind == NUMERIC_NAN) {
		set_kind(r, NUMERIC_NAN);
		return true;
	}
	if (numeric_sign(a) < 0)
		return logarithm_takes(a, err);
	if (!logarithm_takes(base, err) || !logarithm_takes(a, err))
		return false;
	if (base->kind != NUMERIC_FINITE || a->kind != NUMERIC_FINITE) {
		if (base->kind != NUMERIC_FINITE && a->kind != NUMERIC_FINITE)
			set_kind(r, NUMERIC_NAN);
		else if (a->kind != NUMERIC_FINITE)
			set_kind(r, NUMERIC_INFINITY);
		return true;
	}
	int base_weight = ln_weight(base), weight = ln_weight(a);
	int scale = MIN_SIG_DIGITS - (weight - base_weight);
	scale = limit_scale(max_int(max_int(scale, base->scale), a->scale));
	unsigned bits = bits_for(scale + max_int(weight, 0) - 2 * (base_weight < 0 ? base_weight : 0));
	mpz_init(x);
	mpz_init(y);
	fixed_ln(x, a, bits);
	fixed_ln(y, base, bits);
	if (mpz_sgn(y) == 0) {
		mpz_clear(x);
		mpz_clear(y);
		return sql_error_set(err, ERRCODE_DIVISION_BY_ZERO, "division by zero");
	}
	mpz_mul_2exp(x, x, bits);
	mpz_tdiv_q(x, x, y);
	mpz_clear(y);
	from_fixed(r, x, bits, scale);
	return true;
}

/* e^(b * ln(a)) at a scale; a > 0; log is about log10 of the result */
static void power_by_logarithm(struct numeric *r, const struct numeric *a, const struct numeric *b,
			       double log, int scale)
{
	int b_digits = max_int(numeric_exponent(b), 0) + 1;
	unsigned bits = bits_for(scale + max_int((int)log, 0) + b_digits + 8);
	mpz_t x, y, p;

	mpz_init(x);
	mpz_init(y);
	mpz_init(p);
	fixed_ln(x, a, bits);
	numeric_get_mpz(y, b);
	mpz_mul(x, x, y);
	mpz_ui_pow_ui(p, 10, (unsigned)b->scale);
	mpz_tdiv_q(x, x, p);
	fixed_exp(y, x, bits);
	mpz_clear(x);
	mpz_clear(p);
	from_fixed(r, y, bits, scale);
}

static bool power_of_integer(struct numeric *r, const struct numeric *a, int64_t n,
			     const struct numeric *b, struct sql_error *err)
{
	double log = numeric_sign(a) == 0 ? 0 : (double)n * approximate_log10(a);

	if (log > 131072 + 16)
		return overflow(err);
	int scale = limit_scale(max_int(MIN_SIG_DIGITS, a->scale));
	if (n == 0) {
		set_int(r, 1, scale);
		return true;
	}
	if (numeric_sign(a) == 0 && n < 0)
		return sql_error_set(err, ERRCODE_DIVISION_BY_ZERO, "division by zero");
	if (log + 1 < -MAX_RESULT_SCALE) {
		set_int(r, 0, scale);
		return true;
	}
	uint64_t count = n < 0 ? (uint64_t)-n : (uint64_t)n;
	double digits = (double)count * (numeric_exponent(a) + a->scale + 1);
	if (numeric_sign(a) != 0 && digits > 4000000) {
		struct numeric positive;

		numeric_copy(&positive, a);
		if (numeric_sign(a) < 0)
			numeric_negate(&positive);
		power_by_logarithm(r, &positive, b, log, scale);
		if (numeric_sign(a) < 0 && (count & 1) != 0)
			numeric_negate(r);
		numeric_free(&positive);
		return true;
	}
	mpz_t x, p;
	mpz_init(x);
	mpz_init(p);
	numeric_get_mpz(x, a);
	mpz_pow_ui(x, x, count);
	/* the value is x / 10^(scale of a * count), or its inverse */
	mpz_ui_pow_ui(p, 10, (unsigned long)a->scale * count);
	if (n < 0)
		mpz_swap(x, p);
	int sign = mpz_sgn(x) * mpz_sgn(p);
	mpz_abs(x, x);
	mpz_abs(p, p);
	mpz_t shift;
	mpz_init(shift);
	mpz_ui_pow_ui(shift, 10, (unsigned)scale);
	mpz_mul(x, x, shift);
	mpz_tdiv_q_2exp(shift, p, 1);
	mpz_add(x, x, shift);
	mpz_tdiv_q(x, x, p);
	if (sign < 0)
		mpz_neg(x, x);
	mpz_clear(shift);
	mpz_clear(p);
	numeric_set_mpz(r, x, scale);
	return numeric_exponent(r) >= 131072 ? overflow(err) : true;
}

static bool power_special(struct numeric *r, const struct numeric *a, const struct numeric *b,
			  struct sql_error *err)
{
	struct numeric one, magnitude;
	bool odd = false;

	numeric_from_int(&one, 1);
	if (a->kind == NUMERIC_NAN) {
		if (b->kind != NUMERIC_NAN && numeric_sign(b) == 0)
			set_int(r, 1, 0);
		else
			set_kind(r, NUMERIC_NAN);
		return true;
	}
	if (b->kind == NUMERIC_NAN) {
		if (numeric_compare(a, &one) == 0)
			set_int(r, 1, 0);
		else
			set_kind(r, NUMERIC_NAN);
		return true;
	}
	if (numeric_compare(a, &one) == 0 || numeric_sign(b) == 0) {
		set_int(r, 1, 0);
		return true;
	}
	if (numeric_sign(a) == 0) {
		if (numeric_sign(b) < 0)
			return sql_error_set(err, "2201F", "zero raised to a negative power is undefined");
		set_int(r, 0, 0);
		return true;
	}
	if (b->kind != NUMERIC_FINITE) {
		numeric_copy(&magnitude, a);
		if (numeric_sign(a) < 0)
			numeric_negate(&magnitude);
		int c = numeric_compare(&magnitude, &one);
		numeric_free(&magnitude);
		if (c == 0)
			set_int(r, 1, 0);
		else if ((c > 0) == (b->kind == NUMERIC_INFINITY))
			set_kind(r, NUMERIC_INFINITY);
		else
			set_int(r, 0, 0);
		return true;
	}
	/* infinity to a finite power */
	struct numeric whole;
	numeric_copy(&whole, b);
	numeric_trunc(&whole, 0);
	bool is_whole = numeric_compare(&whole, b) == 0;
	odd = is_whole && (whole.big ? mpz_odd_p(whole.z) : (whole.small & 1) != 0);
	numeric_free(&whole);
	if (a->kind == NUMERIC_MINUS_INFINITY && !is_whole)
		return sql_error_set(err, "2201F",
				     "a negative number raised to a non-integer power yields a complex result");
	if (numeric_sign(b) < 0)
		set_int(r, 0, 0);
	else
		set_kind(r, a->kind == NUMERIC_MINUS_INFINITY && odd ? NUMERIC_MINUS_INFINITY
								     : NUMERIC_INFINITY);
	return true;
}

bool numeric_power(struct numeric *r, const struct numeric *a, const struct numeric *b,
		   struct sql_error *err)
{
	struct numeric whole;

	set_int(r, 0, 0);
	if (a->kind != NUMERIC_FINITE || b->kind != NUMERIC_FINITE)
		return power_special(r, a, b, err);
	if (numeric_sign(a) == 0 && numeric_sign(b) < 0)
		return sql_error_set(err, "2201F", "zero raised to a negative power is undefined");
	numeric_copy(&whole, b);
	numeric_trunc(&whole, 0);
	bool is_whole = numeric_compare(&whole, b) == 0;
	bool small = !whole.big && whole.small == (int32_t)whole.small;
	int64_t n = whole.small;
	bool odd = whole.big ? mpz_odd_p(whole.z) : (whole.small & 1) != 0;
	numeric_free(&whole);
	if (is_whole && small)
		return power_of_integer(r, a, n, b, err);
	if (numeric_sign(a) == 0) {
		set_int(r, 0, MIN_SIG_DIGITS);
		return true;
	}
	bool negative = numeric_sign(a) < 0;
	if (negative && !is_whole)
		return sql_error_set(err, "2201F",
				     "a negative number raised to a non-integer power yields a complex result");
	struct numeric positive;
	numeric_copy(&positive, a);
	if (negative)
		numeric_negate(&positive);
	double log = approximate_log10(&positive) * numeric_to_double(b);
	bool ok = true;
	if (log > 131072 + 16) {
		ok = overflow(err);
	} else if (log < -MAX_RESULT_SCALE) {
		set_int(r, 0, NUMERIC_MAX_DISPLAY_SCALE);
	} else {
		int scale = MIN_SIG_DIGITS - (int)log;

		scale = limit_scale(max_int(max_int(scale, a->scale), b->scale));
		power_by_logarithm(r, &positive, b, log, scale);
		if (negative && odd)
			numeric_negate(r);
	}
	numeric_free(&positive);
	return ok;
}
