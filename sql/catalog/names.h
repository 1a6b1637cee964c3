/*
 * names.h - names of objects to OIDs and back, as the reg* types write them
 *
 * A name without a schema is searched along env->search_path; without a schema in
 * memory (the shell) only the system's objects are known.  Any thread.
 *
 * Source: PostgreSQL 15 documentation, sections 8.19 "Object Identifier Types" and
 * 5.9.3 "The Schema Search Path".
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_SQL_CATALOG_NAMES_H
#define PGBLOB_SQL_CATALOG_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "sql/env.h"

struct buf;
struct schema;
struct schema_index;
struct schema_relation;
struct sql_error;

enum { NAME_MAX_LEN = 63 };

/* "database.schema.name", the leading parts missing: parts[n - 1] is the name. */
struct qualified_name {
	int n;
	char parts[3][NAME_MAX_LEN + 1]; /* folded to lower case unless they were quoted */
};

/* Take a written name apart: 42602 "invalid name syntax". */
MUST_CHECK bool names_parse(const char *text, size_t len, struct qualified_name *out,
			    struct sql_error *err);
/* Its schema, or NULL. */
const char *names_schema(const struct qualified_name *name);
const char *names_last(const struct qualified_name *name);

/*
 * What a value of a reg* type (REGCLASSOID, REGPROCOID, REGPROCEDUREOID, REGOPEROID,
 * REGOPERATOROID, REGTYPEOID, REGROLEOID, REGNAMESPACEOID, REGCOLLATIONOID,
 * REGCONFIGOID, REGDICTIONARYOID) says: a name, a number, or "-" for 0.  If
 * missing_ok, an unknown name gives 0 and true; else PostgreSQL's error (42P01 relation
 * "x" does not exist, 42883, 42704, 3F000).
 */
MUST_CHECK bool names_in(const struct schema *schema, const struct sql_env *env, oid_t reg_type,
			 const char *text, size_t len, bool missing_ok, oid_t *out,
			 struct sql_error *err);
/* Append the text of a value of a reg* type: a name, with its schema if it is hidden. */
void names_out(const struct schema *schema, const struct sql_env *env, oid_t reg_type, oid_t oid,
	       struct buf *out);

/*
 * A type as SQL writes it: "int", "varchar(20)", "timestamp(3) with time zone", "t[]",
 * "s.row".  typmod: NULL if it is not wanted, else -1 where none is written.  0 in *type
 * if missing_ok and there is no such type.
 */
MUST_CHECK bool names_type_in(const struct schema *schema, const struct sql_env *env,
			      const char *text, size_t len, bool missing_ok, oid_t *type,
			      int32_t *typmod, struct sql_error *err);

/*
 * Look-ups by parts; namespace_name NULL: along the search path.  0: none.  A class is a
 * table, view, sequence, index or system relation.
 */
oid_t names_find_class(const struct schema *schema, const struct sql_env *env,
		       const char *namespace_name, const char *name);
oid_t names_find_type(const struct schema *schema, const struct sql_env *env,
		      const char *namespace_name, const char *name);
oid_t names_find_namespace(const struct schema *schema, const char *name);
oid_t names_find_role(const struct sql_env *env, const char *name);

/* An index of a user's table, and the table (may be NULL). */
const struct schema_index *names_index_by_oid(const struct schema *schema, oid_t oid,
					      const struct schema_relation **of);

/* The name and the OID of the schema of a class or type; false: there is none such. */
bool names_of_class(const struct schema *schema, oid_t oid, char name[NAME_MAX_LEN + 1],
		    oid_t *namespace_oid);
bool names_of_type(const struct schema *schema, oid_t oid, char name[NAME_MAX_LEN + 1],
		   oid_t *namespace_oid);
const char *names_of_namespace(const struct schema *schema, oid_t oid); /* or NULL */
bool names_of_role(const struct sql_env *env, oid_t oid, char name[NAME_MAX_LEN + 1]);
/* The role that owns everything: PostgreSQL's bootstrap superuser, OID 10. */
const char *names_superuser(const struct sql_env *env);

/*
 * Would the bare name find it?  catalog: the OID of pg_class, pg_type, pg_proc,
 * pg_operator, pg_collation, pg_opclass, pg_opfamily, pg_conversion, pg_ts_config,
 * pg_ts_dict, pg_ts_parser, pg_ts_template.  *exists: there is such an object.
 */
bool names_is_visible(const struct schema *schema, const struct sql_env *env, oid_t catalog, oid_t oid,
		      bool *exists);

/*
 * The OID of a database: made of its name, for nothing but names says which databases a
 * store has.
 */
oid_t names_database_oid(const char *name);

/* Append a name, in double quotes where it needs them (quote_ident). */
void names_quote(struct buf *out, const char *name);
/* Append schema.name; no schema if it is NULL. */
void names_quote_qualified(struct buf *out, const char *namespace_name, const char *name);
/*
 * Append a type as format_type() does: with its schema where that is hidden.  typmod -1:
 * none was given, as by a NULL there; -2: it was given as -1.
 */
void names_format_type(const struct schema *schema, const struct sql_env *env, oid_t type, int32_t typmod,
		       struct buf *out);
/* The category of a keyword as pg_get_keywords() tells it (U, C, T, R); 0: not one. */
char names_keyword(const char *word, size_t len);

/* OIDs of catalogs, as in pg_description.classoid. */
enum {
	PG_TYPE_RELATION = 1247, PG_ATTRIBUTE_RELATION = 1249, PG_PROC_RELATION = 1255,
	PG_CLASS_RELATION = 1259, PG_AUTHID_RELATION = 1260, PG_DATABASE_RELATION = 1262,
	PG_TABLESPACE_RELATION = 1213, PG_AM_RELATION = 2601, PG_ATTRDEF_RELATION = 2604,
	PG_CAST_RELATION = 2605, PG_CONSTRAINT_RELATION = 2606, PG_CONVERSION_RELATION = 2607,
	PG_LANGUAGE_RELATION = 2612, PG_NAMESPACE_RELATION = 2615, PG_OPCLASS_RELATION = 2616,
	PG_OPERATOR_RELATION = 2617, PG_REWRITE_RELATION = 2618, PG_OPFAMILY_RELATION = 2753,
	PG_COLLATION_RELATION = 3456, PG_TS_DICT_RELATION = 3600, PG_TS_PARSER_RELATION = 3601,
	PG_TS_CONFIG_RELATION = 3602, PG_TS_TEMPLATE_RELATION = 3764,
};

#endif
