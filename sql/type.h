/*
 * type.h - text and binary forms of values, both ways
 *
 * Text forms are PostgreSQL's, byte for byte, under the session's DateStyle,
 * IntervalStyle, TimeZone, extra_float_digits and bytea_output; binary forms are
 * those of its send and receive functions.
 *
 * Any thread may call these; they look only at their arguments.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_SQL_TYPE_H
#define PGBLOB_SQL_TYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "sql/datum.h"
#include "sql/env.h"

struct arena;
struct buf;
struct schema;
struct sql_error;

/* What a form depends on. */
struct type_context {
	const struct sql_env *env;
	const struct schema *schema; /* for reg* types and user-defined types; may be NULL */
	struct arena *arena;         /* for the bytes of results that are not the input's */
};

/*
 * The value that `text` (len bytes, not terminated) stands for.  typmod -1: none;
 * otherwise it is applied as in an assignment (22001 for too long a varchar).
 * False: err holds PostgreSQL's error (22P02 "invalid input syntax for type ...").
 */
MUST_CHECK bool type_in(const struct type_context *ctx, oid_t type, int32_t typmod,
			const char *text, size_t len, struct datum *out,
			struct sql_error *err);

/* Append the text form of a value that is not null. */
MUST_CHECK bool type_out(const struct type_context *ctx, oid_t type,
			 const struct datum *value, struct buf *out,
			 struct sql_error *err);

/* The value that a binary form stands for. */
MUST_CHECK bool type_recv(const struct type_context *ctx, oid_t type, int32_t typmod,
			  const char *bytes, size_t len, struct datum *out,
			  struct sql_error *err);

/* Append the binary form. */
MUST_CHECK bool type_send(const struct type_context *ctx, oid_t type,
			  const struct datum *value, struct buf *out,
			  struct sql_error *err);

/* Can values of this type be read and written at all? */
bool type_is_supported(oid_t type);

/*
 * What a SQLite column that keeps it is declared as: "INTEGER", "REAL", "TEXT", "BLOB",
 * or "TEXT COLLATE pg_key".  To be put behind the column's name as it is.
 */
const char *type_storage(oid_t type);

/*
 * The collation under which SQLite compares values of this type as PostgreSQL does;
 * NULL: SQLite's own, BINARY.  Columns have it from their declaration; any other
 * expression that SQLite is to compare needs " COLLATE x" behind it: in ORDER BY, GROUP
 * BY, DISTINCT, UNION, IN, PARTITION BY, USING.  (The operators' texts have it already.)
 * Without it the order is still right, but 1.5 and 1.50 are not equal.
 */
const char *type_collation(oid_t type);

/*
 * Append what is missing to a bpchar that was written from out->data + start: type_out()
 * and type_send() do not know the typmod, and bpchar is stored without its blanks.
 * Nothing for other types and typmod -1.
 */
void type_pad(oid_t type, int32_t typmod, size_t start, struct buf *out);

/* A time zone by IANA name, abbreviation, or POSIX or ISO offset; kept for ever; NULL: none such. */
const struct timezone *timezone_find(const char *name);
/* As SHOW TimeZone tells it. */
const char *timezone_name(const struct timezone *tz);

/* The typmod that parts in brackets mean: varchar(n), numeric(p,s), timestamp(p). */
MUST_CHECK bool type_typmod_in(oid_t type, const int32_t *parts, size_t n_parts,
			       int32_t *out, struct sql_error *err);

/* Append "character varying(20)", "integer[]", "s.mood": as format_type() does. */
void type_format(const struct schema *schema, oid_t type, int32_t typmod, struct buf *out);

/* OIDs that code names; the rest is in pgcat.h. */
enum {
	BOOLOID = 16, BYTEAOID = 17, CHAROID = 18, NAMEOID = 19, INT8OID = 20, INT2OID = 21,
	INT2VECTOROID = 22, INT4OID = 23, REGPROCOID = 24, TEXTOID = 25, OIDOID = 26, TIDOID = 27,
	XIDOID = 28, CIDOID = 29, OIDVECTOROID = 30, JSONOID = 114, XMLOID = 142,
	XID8OID = 5069, POINTOID = 600, FLOAT4OID = 700, FLOAT8OID = 701, UNKNOWNOID = 705,
	MONEYOID = 790, MACADDROID = 829, INETOID = 869, CIDROID = 650, MACADDR8OID = 774,
	BPCHAROID = 1042, VARCHAROID = 1043, DATEOID = 1082, TIMEOID = 1083,
	TIMESTAMPOID = 1114, TIMESTAMPTZOID = 1184, INTERVALOID = 1186, TIMETZOID = 1266,
	BITOID = 1560, VARBITOID = 1562, NUMERICOID = 1700, REFCURSOROID = 1790,
	REGPROCEDUREOID = 2202, REGOPEROID = 2203, REGOPERATOROID = 2204, REGCLASSOID = 2205,
	REGTYPEOID = 2206, REGROLEOID = 4096, REGNAMESPACEOID = 4089, REGCOLLATIONOID = 4191,
	REGCONFIGOID = 3734, REGDICTIONARYOID = 3769,
	UUIDOID = 2950, PG_LSNOID = 3220, JSONBOID = 3802, JSONPATHOID = 4072,
	TSVECTOROID = 3614, TSQUERYOID = 3615, PG_NODE_TREEOID = 194, ACLITEMOID = 1033,
	ACLITEMARRAYOID = 1034,
	RECORDOID = 2249, CSTRINGOID = 2275, ANYOID = 2276, ANYARRAYOID = 2277, VOIDOID = 2278,
	TRIGGEROID = 2279, INTERNALOID = 2281, ANYELEMENTOID = 2283, ANYNONARRAYOID = 2776,
	ANYENUMOID = 3500, ANYRANGEOID = 3831, ANYMULTIRANGEOID = 4537,
	ANYCOMPATIBLEOID = 5077, ANYCOMPATIBLEARRAYOID = 5078, ANYCOMPATIBLENONARRAYOID = 5079,
	ANYCOMPATIBLERANGEOID = 5080, ANYCOMPATIBLEMULTIRANGEOID = 4538,
	BOOLARRAYOID = 1000, BYTEAARRAYOID = 1001, CHARARRAYOID = 1002, NAMEARRAYOID = 1003,
	INT2ARRAYOID = 1005, INT4ARRAYOID = 1007, TEXTARRAYOID = 1009, OIDARRAYOID = 1028,
	INT8ARRAYOID = 1016, FLOAT4ARRAYOID = 1021, FLOAT8ARRAYOID = 1022,
	VARCHARARRAYOID = 1015, NUMERICARRAYOID = 1231, CSTRINGARRAYOID = 1263,
	RECORDARRAYOID = 2287,
};

#endif
