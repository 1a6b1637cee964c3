/*
 * system.h - system relations: how their rows are made
 *
 * Each relation of pg_catalog and information_schema is a read-only virtual table.  Its
 * rows are those of PostgreSQL's own objects, as text in pgcat/, and then those that a
 * function makes from the schema in memory, which belong to one scan.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_SQL_CATALOG_SYSTEM_H
#define PGBLOB_SQL_CATALOG_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "sql/schema.h"

struct fill;
struct pgcat_rows;
struct sql_conn;
struct sqlite3_module;

/* What is written by hand of a relation; its columns come from pgcat. */
struct system_def {
	const char *name; /* "pg_class", "information_schema.columns" */
	/* columns by whose value it is looked up, with blanks between; or NULL */
	const char *keys;
	/* Append the rows that are not in pgcat; NULL: there are none. */
	void (*fill)(struct fill *f);
	/* the rows of pgcat are not those of this relation as they stand: fill makes all */
	bool all_by_fill;
	/*
	 * Append further rows when those before were read; false: there are none.  They come
	 * in falling order of the first column.
	 */
	bool (*more)(struct fill *f);
};

/* A relation that PostgreSQL does not have. */
struct system_own_column {
	const char *name;
	oid_t type;
};

struct system_own {
	const char *name; /* in pg_catalog */
	oid_t oid;
	const struct system_own_column *columns; /* the first is never null */
	size_t n_columns;
};

enum { SYSTEM_OWN_FIRST_OID = 15900 };

/* Ended by one without a name. */
extern const struct system_own system_owns[];

/* A relation with all that the virtual table needs; made once. */
struct system_relation {
	struct schema_relation relation; /* what schema.h shows */
	const struct system_def *def;    /* NULL: no rows but pgcat's */
	const struct pgcat_rows *rows;   /* or NULL */
	uint64_t keys;                   /* bit i: column i is a key */
	const char *declaration;         /* CREATE TABLE for sqlite3_declare_vtab() */
};

/* All of them, in the order of system_relations(). */
const struct system_relation *system_all(size_t *n);

extern const struct sqlite3_module system_module;

/* The client data of a module: freed by SQLite. */
struct system_binding {
	struct sql_conn *conn;
	const struct system_relation *relation;
};

enum cell_kind {
	CELL_NULL, CELL_INT, CELL_REAL, CELL_TEXT,
	CELL_FORM, /* PostgreSQL's text form, which type_in() turns into what is stored */
};

struct cell {
	enum cell_kind kind;
	union {
		int64_t i;
		double r;
		const char *text; /* lives as long as the scan */
	};
};

/* A scan's rows while they are made.  The columns of a row are put in their order. */
struct fill {
	struct sql_conn *conn;
	const struct schema *schema;
	const struct sql_env *env;
	const struct system_relation *of;
	struct arena *arena;
	/* only rows whose column `key` has this value are kept; -1: all */
	int key;
	bool key_is_text;
	int64_t key_int;
	const char *key_text;
	struct cell *row; /* that is being made, of of->relation.n_columns cells */
	unsigned at;
	struct {
		struct cell **items;
		size_t n, cap;
	} rows;
	const void *arg;  /* of the relation's own functions */
	uint64_t mark;    /* of system_def.more: where it goes on */
	uint64_t n_batch;
	bool failed; /* out of memory, or conn->err says why */
};

void row_begin(struct fill *f);
void row_null(struct fill *f);
void row_int(struct fill *f, int64_t v);
void row_bool(struct fill *f, bool v);
void row_real(struct fill *f, double v);
void row_text(struct fill *f, const char *text); /* NULL: null; borrowed */
void row_char(struct fill *f, char c);           /* '\0': empty */
void row_form(struct fill *f, const char *text); /* arrays, vectors, intervals; NULL: null */
void row_yes(struct fill *f, bool v);            /* information_schema's YES, NO */
/* n columns at once: null, or 0 for numbers, as their type is. */
void row_zeros(struct fill *f, unsigned n);
void row_nulls(struct fill *f, unsigned n);
void row_end(struct fill *f);
/* Could a row with this number in column `column` be wanted? */
bool fill_wants(const struct fill *f, int column, int64_t value);
/* The text "{1,2}" of numbers, "1 2" of a vector; in the arena. */
const char *form_array(struct fill *f, const int64_t *values, size_t n);
const char *form_vector(struct fill *f, const int64_t *values, size_t n);

/* Call `each` with f for every database of the server; a store that fails fails the scan. */
void fill_databases(struct fill *f, void (*each)(void *f, const struct sql_database_info *db));

/* Tables of definitions, each ended by one without a name. */
extern const struct system_def system_object_defs[];
extern const struct system_def system_view_defs[];
extern const struct system_def system_info_defs[];
extern const struct system_def system_pgblob_defs[];

/* OIDs for what has none of its own: the default of a column, the rule of a view. */
oid_t system_attrdef_oid(oid_t relation, int16_t attnum);
oid_t system_rewrite_oid(oid_t view);

/* The default btree operator class of a type, or 0. */
oid_t system_default_opclass(oid_t type);
/* The name of an index's column, as pg_attribute has it; into `arena`. */
const char *system_index_column_name(struct arena *arena, const struct schema_relation *r,
				     const struct schema_index *x, size_t i);
/* Do triggers of foreign keys sit on it? */
bool system_has_triggers(const struct schema *s, const struct schema_relation *r);
/* The OID of a column's collation; 0: its type has none. */
oid_t system_collation(const struct schema_column *c);
/* Is it a relation of the user, made by our or another program? */
bool system_is_user(const struct schema_relation *r);
/* Is it one that PostgreSQL does not have, so that its own catalogs do not list it? */
bool system_is_own(const struct schema_relation *r);

#endif
