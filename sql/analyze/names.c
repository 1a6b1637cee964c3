/*
 * names.c - qualified names, and the types that TypeName means
 * Licence: MIT, see LICENSE.
 */
#include "sql/analyze/analyzer.h"

#include <stdlib.h>
#include <string.h>

void name_parts(struct analyzer *a, size_t n, PgQuery__Node *const *names, int location,
		const char **schema, const char **name)
{
	*schema = NULL;
	if (n == 3) {
		const char *database = node_name(a, names[0]);

		if (a->in->env->database != NULL && strcmp(database, a->in->env->database) != 0)
			fail(a, location, ERRCODE_FEATURE_NOT_SUPPORTED,
			     "cross-database references are not implemented: %s",
			     names_text(a, n, names));
		names++;
		n--;
	}
	if (n < 1 || n > 2)
		fail(a, location, ERRCODE_SYNTAX,
		     "improper qualified name (too many dotted names): %s", names_text(a, n, names));
	if (n == 2)
		*schema = node_name(a, names[0]);
	*name = node_name(a, names[n - 1]);
}

const char *names_text(struct analyzer *a, size_t n, PgQuery__Node *const *names)
{
	const char *text = "";

	for (size_t i = 0; i < n; i++)
		text = an_printf(a, "%s%s%s", text, i > 0 ? "." : "",
				 names[i]->node_case == PG_QUERY__NODE__NODE_STRING ?
					 names[i]->string->sval :
					 "*");
	return text;
}

oid_t base_type(oid_t type, int32_t *typmod)
{
	for (int i = 0; i < 8; i++) {
		const struct pg_type_row *t = pgcat_type(type);

		if (t == NULL || t->typtype != 'd')
			break;
		type = t->typbasetype;
		if (typmod != NULL)
			*typmod = t->typtypmod;
	}
	return type;
}

oid_t element_type(oid_t type)
{
	return pgcat_element_type(base_type(type, NULL));
}

bool type_is_array(oid_t type)
{
	return element_type(type) != 0;
}

oid_t array_type(oid_t element)
{
	const struct pg_type_row *t = pgcat_type(element);

	return t != NULL ? t->typarray : 0;
}

static const struct pg_type_row *type_named(const char *schema, const char *name)
{
	if (schema != NULL && strcmp(schema, "information_schema") == 0) {
		size_t n;
		const struct pg_type_row *types = pgcat_types(&n);

		for (size_t i = 0; i < n; i++)
			if (types[i].typnamespace == INFORMATION_SCHEMA_OID &&
			    strcmp(types[i].typname, name) == 0)
				return &types[i];
		return NULL;
	}
	if (schema != NULL && strcmp(schema, "pg_catalog") != 0)
		return NULL;
	return pgcat_type_named(name);
}

/* Modifiers are integers; names and texts stand for themselves in PostgreSQL, for types of extensions. */
static int32_t typmod_part(struct analyzer *a, const PgQuery__Node *node, int location)
{
	if (node->node_case == PG_QUERY__NODE__NODE_A_CONST &&
	    node->a_const->val_case == PG_QUERY__A__CONST__VAL_IVAL)
		return node->a_const->ival->ival;
	if (node->node_case == PG_QUERY__NODE__NODE_INTEGER)
		return node->integer->ival;
	fail(a, location, ERRCODE_SYNTAX,
	     "type modifiers must be simple constants or identifiers");
}

oid_t type_name_resolve(struct analyzer *a, const PgQuery__TypeName *name, int32_t *typmod)
{
	const struct pg_type_row *t;
	const char *schema, *text;
	int32_t mod = -1;
	oid_t type;

	HANDLES(a, name, name->location, "names typmods typemod array_bounds location");
	name_parts(a, name->n_names, name->names, name->location, &schema, &text);
	t = type_named(schema, text);
	if (t == NULL) {
		if (schema != NULL && schema_find_namespace(a->in->schema, schema) == NULL &&
		    strcmp(schema, "pg_catalog") != 0 && strcmp(schema, "information_schema") != 0)
			fail(a, name->location, ERRCODE_INVALID_SCHEMA_NAME,
			     "schema \"%s\" does not exist", schema);
		if (schema_find_relation(a->in->schema, a->in->env, schema, text) != NULL)
			fail_unsupported(a, name->location, "the row type of a table");
		text = names_text(a, name->n_names, name->names);
		fail(a, name->location, ERRCODE_UNDEFINED_OBJECT, "type \"%s%s\" does not exist", text,
		     name->n_array_bounds > 0 ? "[]" : "");
	}
	type = t->oid;
	if (name->n_typmods > 0) {
		int32_t *parts = an_array(a, name->n_typmods, sizeof(*parts));

		if (strcmp(t->typmodin, "-") == 0)
			fail(a, name->location, ERRCODE_SYNTAX,
			     "type modifier is not allowed for type \"%s\"", t->typname);
		for (size_t i = 0; i < name->n_typmods; i++)
			parts[i] = typmod_part(a, name->typmods[i], name->location);
		if (!type_typmod_in(type, parts, name->n_typmods, &mod, a->err)) {
			a->err->location = name->location;
			analyzer_fail(a);
		}
	} else if (name->typemod >= 0 && name->typemod != 0) {
		mod = name->typemod;
	}
	if (name->n_array_bounds > 0) {
		type = t->typarray;
		if (type == 0)
			fail(a, name->location, ERRCODE_UNDEFINED_OBJECT,
			     "could not find array type for data type %s", t->typname);
	}
	*typmod = mod;
	return type;
}
