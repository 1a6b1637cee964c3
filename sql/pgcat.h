/*
 * pgcat.h - PostgreSQL 15's own catalog, compiled in
 *
 * The rows that initdb creates for every database: types, functions, operators,
 * casts, aggregates and so on.  They are facts, made by sql/pgcat/generate from a
 * running PostgreSQL 15.  Read only; any thread.
 *
 * Source: PostgreSQL 15 documentation, chapter 53, "System Catalogs".
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_SQL_PGCAT_H
#define PGBLOB_SQL_PGCAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sql/env.h"

struct pg_type_row {
	oid_t oid;
	const char *typname;
	int16_t typlen;
	bool typbyval;
	char typtype;     /* b base, c composite, d domain, e enum, p pseudo, r range, m multirange */
	char typcategory; /* N numeric, S string, D date/time, ... */
	bool typispreferred;
	char typdelim;
	oid_t typrelid;
	oid_t typelem;    /* element type, also of name, point, ... */
	oid_t typarray;   /* its array type */
	const char *typinput; /* names of functions, "-" for none */
	const char *typoutput;
	const char *typreceive;
	const char *typsend;
	const char *typmodin;
	const char *typmodout;
	const char *typsubscript; /* "array_subscript_handler" marks a true array */
	char typalign;
	char typstorage;
	oid_t typbasetype;
	int32_t typtypmod;
	oid_t typcollation;
	oid_t typnamespace; /* pg_catalog, or information_schema: its domains and row types */
	bool typnotnull;    /* of a domain */
};

const struct pg_type_row *pgcat_type(oid_t oid);                    /* or NULL */
const struct pg_type_row *pgcat_type_named(const char *name);       /* "int4"; in pg_catalog; or NULL */
const struct pg_type_row *pgcat_types(size_t *n);                   /* all, by oid */
/* Element type if `type` is a true array type (or int2vector, oidvector); 0 otherwise. */
oid_t pgcat_element_type(oid_t type);

struct pg_proc_row {
	oid_t oid;
	const char *proname;
	const char *prosrc;
	char prokind;     /* f function, p procedure, a aggregate, w window */
	char provolatile; /* i immutable, s stable, v volatile */
	bool proisstrict;
	bool proretset;
	oid_t provariadic; /* element type of the VARIADIC array; 0 */
	int16_t pronargs;  /* input arguments */
	int16_t pronargdefaults;
	oid_t prorettype;
	const oid_t *proargtypes;    /* pronargs of them */
	const oid_t *proallargtypes; /* n_allargs, or NULL if all are IN */
	const char *proargmodes;     /* n_allargs letters i, o, b, v, t, or NULL */
	const char *const *proargnames; /* max(pronargs, n_allargs), or NULL */
	int16_t n_allargs;
	const char *const *argdefaults; /* pronargdefaults SQL texts, for the last input arguments; or NULL */
	float procost;
	float prorows;
	char proparallel;
	oid_t prolang;
	bool proleakproof;
	oid_t prosupport;
	const char *probin;
	oid_t pronamespace; /* pg_catalog, or information_schema: _pg_expandarray() and the like */
};

/* Functions that PostgreSQL does not have; they are found by OID and name like the others. */
enum { PGBLOB_CREATE_SNAPSHOT_PROC = 15950, PGBLOB_DROP_SNAPSHOT_PROC = 15951 };
const struct pg_proc_row *pgcat_own_procs(size_t *n);

const struct pg_proc_row *pgcat_proc(oid_t oid);
/* The n functions of that name, next to each other; NULL and 0 if none. */
const struct pg_proc_row *pgcat_procs_named(const char *name, size_t *n);
const struct pg_proc_row *pgcat_procs(size_t *n); /* all of PostgreSQL's, by name then oid */

struct pg_operator_row {
	oid_t oid;
	const char *oprname;
	char oprkind;    /* b infix, l prefix */
	bool oprcanmerge;
	bool oprcanhash;
	oid_t oprleft;   /* 0 for prefix */
	oid_t oprright;
	oid_t oprresult;
	oid_t oprcom;    /* commutator */
	oid_t oprnegate;
	oid_t oprcode;   /* pg_proc.oid of the function */
	const char *oprrest;
	const char *oprjoin;
};

const struct pg_operator_row *pgcat_operator(oid_t oid);
const struct pg_operator_row *pgcat_operators_named(const char *name, size_t *n);
const struct pg_operator_row *pgcat_operators(size_t *n);

struct pg_cast_row {
	oid_t oid;
	oid_t castsource;
	oid_t casttarget;
	oid_t castfunc;    /* 0: none */
	char castcontext;  /* e explicit, a assignment, i implicit */
	char castmethod;   /* f function, b binary coercible, i input/output */
};

const struct pg_cast_row *pgcat_cast(oid_t source, oid_t target);
const struct pg_cast_row *pgcat_casts(size_t *n);

struct pg_aggregate_row {
	oid_t aggfnoid;
	char aggkind;         /* n normal, o ordered-set, h hypothetical-set */
	int16_t aggnumdirectargs;
	oid_t aggsortop;      /* min(), max() */
	oid_t aggtranstype;
	const char *agginitval;
	const char *aggtransfn;
	const char *aggfinalfn;
};

const struct pg_aggregate_row *pgcat_aggregate(oid_t fn);

/* The "<", "=", ">" of a type's default btree operator class; 0 where it has none. */
struct type_ordering {
	oid_t lt, eq, gt;
};
struct type_ordering pgcat_type_ordering(oid_t type);

struct pg_setting_row {
	const char *name;
	const char *setting; /* PostgreSQL's own default */
	const char *unit;    /* or NULL */
	const char *category;
	const char *short_desc;
	const char *context; /* user, superuser, sighup, internal, ... */
	const char *vartype; /* bool, enum, integer, real, string */
	const char *min_val;
	const char *max_val;
	const char *enumvals; /* "{a,b}" or NULL */
	const char *boot_val;
	const char *reset_val;
	const char *extra_desc; /* or NULL */
};

const struct pg_setting_row *pgcat_settings(size_t *n); /* by name */
/* The case of letters does not matter. */
const struct pg_setting_row *pgcat_setting(const char *name);

/*
 * The rows of a catalog as text, for the system relations: all columns in PostgreSQL's
 * order, in PostgreSQL's text forms (bool: true, false; reg*: the OID; node trees: SQL),
 * sorted by the catalog's key.  Fields are separated by a tab, rows end in a newline, null
 * is \N, and backslash, tab and newline inside a field are \\, \t and \n.
 */
struct pgcat_rows {
	const char *name; /* "pg_class"; "sql_features" for information_schema's */
	uint16_t n_columns;
	uint32_t n_rows;
	const uint32_t *starts; /* n_rows + 1 offsets into text */
	const char *text;
};

/* NULL: initdb leaves that catalog empty, or its rows depend on the session. */
const struct pgcat_rows *pgcat_rows(const char *name);
/*
 * Column `column` (from 0) of row `row`, as it stands in the text: not unescaped.
 * *null: it is null.  The result is not terminated.
 */
const char *pgcat_field(const struct pgcat_rows *rows, uint32_t row, unsigned column,
			size_t *len, bool *null);
/* The same as a number; 0 for null. */
int64_t pgcat_field_int(const struct pgcat_rows *rows, uint32_t row, unsigned column);
/*
 * The rows whose first column is the number `key`: the first of them, *n of them.  Only
 * for catalogs whose first sort column that is (an OID, mostly); see generate.
 */
uint32_t pgcat_rows_with_key(const struct pgcat_rows *rows, int64_t key, uint32_t *n);

#endif
