/*
 * system_facts.c - what the system relations and the catalog functions both need to know
 * Licence: MIT, see LICENSE.
 */
#include <string.h>

#include "sql/catalog/system.h"
#include "sql/pgcat.h"

enum { BTREE_AM = 403 };

bool system_is_user(const struct schema_relation *r)
{
	return !r->is_system;
}

bool system_is_own(const struct schema_relation *r)
{
	return r->is_system && r->oid >= SYSTEM_OWN_FIRST_OID;
}

oid_t system_attrdef_oid(oid_t relation, int16_t attnum)
{
	return 0x80000000u | ((relation * 1607u + (oid_t)attnum) & 0x1fffffffu);
}

oid_t system_rewrite_oid(oid_t view)
{
	return 0xa0000000u | (view & 0x1fffffffu);
}

oid_t system_default_opclass(oid_t type)
{
	/* the class whose operators are the type's ordering is of the type they are for */
	enum { METHOD = 1, INTYPE = 6, IS_DEFAULT = 7 };
	const struct pg_operator_row *lt = pgcat_operator(pgcat_type_ordering(type).lt);
	const struct pgcat_rows *rows = pgcat_rows("pg_opclass");
	size_t len;
	bool null;

	if (lt == NULL)
		return 0;
	for (uint32_t i = 0; i < rows->n_rows; i++) {
		if (pgcat_field_int(rows, i, METHOD) == BTREE_AM &&
		    pgcat_field_int(rows, i, INTYPE) == lt->oprleft &&
		    *pgcat_field(rows, i, IS_DEFAULT, &len, &null) == 't')
			return (oid_t)pgcat_field_int(rows, i, 0);
	}
	return 0;
}

oid_t system_collation(const struct schema_column *c)
{
	const struct pg_type_row *t = pgcat_type(c->type);
	const struct pgcat_rows *rows = pgcat_rows("pg_collation");
	size_t len;
	bool null;

	if (t == NULL || t->typcollation == 0)
		return 0;
	for (uint32_t i = 0; c->collation != NULL && i < rows->n_rows; i++) {
		const char *name = pgcat_field(rows, i, 1, &len, &null);

		if (strlen(c->collation) == len && memcmp(name, c->collation, len) == 0)
			return (oid_t)pgcat_field_int(rows, i, 0);
	}
	return t->typcollation;
}

bool system_has_triggers(const struct schema *s, const struct schema_relation *r)
{
	size_t n;
	const struct schema_relation *const *all = schema_relations(s, &n);

	for (size_t i = 0; i < r->n_constraints; i++) {
		if (r->constraints[i].type == 'f')
			return true;
	}
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < all[i]->n_constraints; j++) {
			if (all[i]->constraints[j].type == 'f' &&
			    all[i]->constraints[j].ref_relation == r->oid)
				return true;
		}
	}
	return false;
}

/* "lower(x)" makes a column "lower", other expressions "expr"; a second one "expr1". */
static const char *expression_name(struct arena *arena, const char *text)
{
	size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz_0123456789");

	if (n > 0 && text[n] == '(' && (text[0] < '0' || text[0] > '9'))
		return arena_strndup(arena, text, n);
	return "expr";
}

const char *system_index_column_name(struct arena *arena, const struct schema_relation *r,
				     const struct schema_index *x, size_t i)
{
	const struct schema_column *c = schema_column_at(r, x->keys[i].attnum);

	if (x->keys[i].attnum != 0)
		return c == NULL ? "?" : c->name;
	const char *name = expression_name(arena, x->keys[i].text);
	unsigned before = 0;
	for (size_t j = 0; j < i && name != NULL; j++) {
		if (x->keys[j].attnum == 0) {
			const char *other = expression_name(arena, x->keys[j].text);
			before += other != NULL && strcmp(other, name) == 0;
		}
	}
	return before == 0 || name == NULL ? name : arena_printf(arena, "%s%u", name, before);
}
