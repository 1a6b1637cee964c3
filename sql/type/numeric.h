/*
 * numeric.h - exact decimal numbers
 *
 * A number is an integer coefficient over ten to the power of its display scale.
 * The coefficient is an int64 where it fits, so that everyday numbers need no memory.
 *
 * Scales of results are PostgreSQL's, which reckons in groups of four digits.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_SQL_TYPE_NUMERIC_H
#define PGBLOB_SQL_TYPE_NUMERIC_H

#include <gmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sql/datum.h"

struct buf;
struct sql_error;

enum numeric_kind { NUMERIC_FINITE, NUMERIC_NAN, NUMERIC_INFINITY, NUMERIC_MINUS_INFINITY };

struct numeric {
	enum numeric_kind kind;
	bool big;      /* the coefficient is z; otherwise it is small */
	int scale;     /* digits behind the point, at least 0 */
	int64_t small;
	mpz_t z;       /* initialised only if big */
};

#define NUMERIC_MAX_SCALE 16383
#define NUMERIC_MAX_DISPLAY_SCALE 1000

/* Frees what a number owns; any number must be freed, once. */
static inline void numeric_free(struct numeric *n)
{
	if (n->big) {
		mpz_clear(n->z);
		n->big = false;
	}
}

void numeric_from_int(struct numeric *n, int64_t v);
void numeric_from_i128(struct numeric *n, __int128 v, int scale);
/* As PostgreSQL: 15 significant digits of a float8, 6 of a float4. */
bool numeric_from_float(struct numeric *n, double v, bool is_float4);
void numeric_copy(struct numeric *to, const struct numeric *from);

enum numeric_parse_rc { NUMERIC_PARSE_OK, NUMERIC_PARSE_SYNTAX, NUMERIC_PARSE_OVERFLOW };
enum numeric_parse_rc numeric_parse(struct numeric *n, const char *text, size_t len);
/* Append the text form. */
void numeric_put(struct buf *out, const struct numeric *n);

/* From its stored form; INTEGER and REAL are taken too.  False: it is not one. */
bool numeric_from_datum(struct numeric *n, const struct datum *d);
/* Append the stored form. */
void numeric_encode(struct buf *out, const struct numeric *n);

/* Round (half away from zero) or cut to a scale, which may be negative. */
void numeric_round(struct numeric *n, int scale);
void numeric_trunc(struct numeric *n, int scale);
/* Fit to numeric(p,s); 22003. */
bool numeric_fit(struct numeric *n, int32_t typmod, struct sql_error *err);

/* The result is a number of its own; it must not be one of the arguments. */
void numeric_add(struct numeric *r, const struct numeric *a, const struct numeric *b);
void numeric_sub(struct numeric *r, const struct numeric *a, const struct numeric *b);
void numeric_mul(struct numeric *r, const struct numeric *a, const struct numeric *b);
bool numeric_div(struct numeric *r, const struct numeric *a, const struct numeric *b,
		 struct sql_error *err);
bool numeric_div_scale(struct numeric *r, const struct numeric *a, const struct numeric *b,
		       int scale, struct sql_error *err);
/* Integer quotient, and remainder with the sign of a. */
bool numeric_div_trunc(struct numeric *r, const struct numeric *a, const struct numeric *b,
		       struct sql_error *err);
bool numeric_mod(struct numeric *r, const struct numeric *a, const struct numeric *b,
		 struct sql_error *err);
void numeric_negate(struct numeric *n);
int numeric_sign(const struct numeric *n); /* of NaN: 0 */
int numeric_compare(const struct numeric *a, const struct numeric *b);
void numeric_floor(struct numeric *n);
void numeric_ceil(struct numeric *n);
/* PostgreSQL's scale of a quotient. */
int numeric_quotient_scale(const struct numeric *a, const struct numeric *b);

bool numeric_sqrt(struct numeric *r, const struct numeric *a, struct sql_error *err);
bool numeric_exp(struct numeric *r, const struct numeric *a, struct sql_error *err);
bool numeric_ln(struct numeric *r, const struct numeric *a, struct sql_error *err);
bool numeric_log(struct numeric *r, const struct numeric *base, const struct numeric *a,
		 struct sql_error *err);
bool numeric_power(struct numeric *r, const struct numeric *a, const struct numeric *b,
		   struct sql_error *err);

double numeric_to_double(const struct numeric *n); /* without a range check */
bool numeric_to_int64(const struct numeric *n, int64_t *out); /* rounded; false: not in range */

/* The coefficient as an mpz of the caller's. */
void numeric_get_mpz(mpz_t out, const struct numeric *n);
/* Take z (which is cleared) as coefficient, as an int64 if it fits. */
void numeric_set_mpz(struct numeric *n, mpz_t z, int scale);
/* Power of ten of the first significant digit; 0 for zero. */
int numeric_exponent(const struct numeric *n);

#endif
