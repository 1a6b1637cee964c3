/*
 * datum.h - one value as SQLite stores it, and how each type is stored
 *
 * SQLite's comparison of two stored values of one type is PostgreSQL's, so plain
 * SQLite operators and indexes order them rightly.  The forms are part of the
 * on-disk format:
 *
 *   bool                              INTEGER 0, 1
 *   int2 int4 int8 oid reg* xid cid   INTEGER
 *   xid8 pg_lsn                       INTEGER
 *   float4 float8                     REAL; NaN is the TEXT 'NaN', which sorts
 *                                     after every number; -0 is kept as 0
 *   text varchar bpchar name "char"   TEXT (bpchar without its trailing blanks)
 *   json xml uuid                     TEXT (uuid in lower case with dashes)
 *   bytea                             BLOB
 *   bit varbit                        TEXT of 0 and 1
 *   date                              INTEGER days since 2000-01-01
 *   time                              INTEGER microseconds
 *   timestamp timestamptz             INTEGER microseconds since 2000-01-01 (UTC)
 *       for date and timestamps       INT64_MIN is -infinity, INT64_MAX infinity
 *   numeric interval timetz jsonb     TEXT that begins with the byte 2: a key, whose
 *   inet cidr macaddr, arrays         memcmp() order is the type's order, and behind
 *                                     it what does not take part in comparisons, such
 *                                     as the display scale of a numeric: 1.50 = 1.5.
 *                                     See type/key.h.  They compare rightly under the
 *                                     collation type_collation() names, which is in
 *                                     the column's declaration (type_storage()).
 *   enum                              TEXT label until enums have an order of their own
 *
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_SQL_DATUM_H
#define PGBLOB_SQL_DATUM_H

#include <stddef.h>
#include <stdint.h>

enum datum_kind { DATUM_NULL, DATUM_INT, DATUM_REAL, DATUM_TEXT, DATUM_BLOB };

struct datum {
	enum datum_kind kind;
	union {
		int64_t i;
		double r;
		struct {
			const char *data; /* borrowed; not terminated by NUL */
			size_t len;
		};
	};
};

#define TIMESTAMP_INFINITY INT64_MAX
#define TIMESTAMP_MINUS_INFINITY INT64_MIN

#endif
