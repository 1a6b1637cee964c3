/*
 * reg.c - regclass, regtype and their kin: OIDs that are written as names
 *
 * Stored as INTEGER; the names are looked up in the schema and in PostgreSQL's own
 * catalog (catalog/names.h).
 * Licence: MIT, see LICENSE.
 */
#include "sql/catalog/names.h"
#include "sql/type/impl.h"

static bool reg_in(const struct type_input *in, struct datum *out, struct sql_error *err)
{
	oid_t oid;

	if (!names_in(in->ctx->schema, in->ctx->env, in->type, in->data, in->len, false, &oid, err))
		return false;
	datum_set_int(out, oid);
	return true;
}

static bool reg_out(const struct type_context *ctx, oid_t type, const struct datum *value,
		    struct buf *out, struct sql_error *err)
{
	if (value->kind != DATUM_INT)
		return type_corrupt(type, err);
	names_out(ctx->schema, ctx->env, type, (oid_t)value->i, out);
	return true;
}

static bool reg_recv(const struct type_input *in, struct datum *out, struct sql_error *err)
{
	if (in->len != 4)
		return type_bad_binary(err);
	datum_set_int(out, get_u32(in->data));
	return true;
}

static bool reg_send(const struct type_context *ctx, oid_t type, const struct datum *value,
		     struct buf *out, struct sql_error *err)
{
	(void)ctx;
	if (value->kind != DATUM_INT)
		return type_corrupt(type, err);
	buf_put_u32(out, (uint32_t)value->i);
	return true;
}

#define REG(oid) { oid, "INTEGER", reg_in, reg_out, reg_recv, reg_send }

const struct type_ops reg_types[] = {
	REG(REGPROCOID),      REG(REGPROCEDUREOID), REG(REGOPEROID),	  REG(REGOPERATOROID),
	REG(REGCLASSOID),     REG(REGTYPEOID),	    REG(REGROLEOID),	  REG(REGNAMESPACEOID),
	REG(REGCOLLATIONOID), REG(REGCONFIGOID),    REG(REGDICTIONARYOID), { .oid = 0 },
};
