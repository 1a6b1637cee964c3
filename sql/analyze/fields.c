/*
 * fields.c - no field of a parse tree is dropped in silence
 *
 * Whoever reads a message names the fields that it deals with; any other field
 * that is set makes the statement unsupported.  A field that a later version of
 * the grammar adds is thus refused until somebody looks at it.
 * Licence: MIT, see LICENSE.
 */
#include "sql/analyze/analyzer.h"

#include <assert.h>
#include <string.h>

/* The fields in `names` (separated by blanks) as bits by their number in the message. */
static uint64_t mask_of(const ProtobufCMessageDescriptor *d, const char *names)
{
	uint64_t mask = (uint64_t)1 << 63; /* never 0 */

	for (const char *at = names; *at != '\0';) {
		size_t len = strcspn(at, " ");
		bool found = false;

		for (unsigned i = 0; i < d->n_fields; i++)
			if (strlen(d->fields[i].name) == len &&
			    memcmp(d->fields[i].name, at, len) == 0) {
				mask |= (uint64_t)1 << i;
				found = true;
			}
		assert(found); /* a name misspelt in the call */
		(void)found;
		at += len;
		at += strspn(at, " ");
	}
	return mask;
}

static bool field_is_set(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
	const char *at = (const char *)m + f->offset;
	const char *quantifier = (const char *)m + f->quantifier_offset;

	if (f->label == PROTOBUF_C_LABEL_REPEATED)
		return *(const size_t *)(const void *)quantifier > 0;
	if (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
		return *(const int *)(const void *)quantifier == (int)f->id;
	switch (f->type) {
	case PROTOBUF_C_TYPE_MESSAGE:
		return *(void *const *)(const void *)at != NULL;
	case PROTOBUF_C_TYPE_STRING: {
		const char *text = *(const char *const *)(const void *)at;
		return text != NULL && *text != '\0';
	}
	case PROTOBUF_C_TYPE_BOOL:
		return *(const protobuf_c_boolean *)(const void *)at != 0;
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_DOUBLE:
		return *(const uint64_t *)(const void *)at != 0;
	case PROTOBUF_C_TYPE_BYTES:
		return ((const ProtobufCBinaryData *)(const void *)at)->len > 0;
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
	case PROTOBUF_C_TYPE_FLOAT:
	case PROTOBUF_C_TYPE_ENUM:
		return *(const uint32_t *)(const void *)at != 0;
	}
	return true;
}

static const char *short_name(const ProtobufCMessageDescriptor *d)
{
	return d->short_name;
}

void fields_check(struct analyzer *a, const ProtobufCMessage *m, const char *names,
		  _Atomic uint64_t *mask, int location)
{
	const ProtobufCMessageDescriptor *d = m->descriptor;
	uint64_t handled = atomic_load_explicit(mask, memory_order_relaxed);

	if (handled == 0) {
		handled = mask_of(d, names);
		atomic_store_explicit(mask, handled, memory_order_relaxed);
	}
	for (unsigned i = 0; i < d->n_fields; i++)
		if ((handled & ((uint64_t)1 << i)) == 0 && field_is_set(m, &d->fields[i]))
			fail_unsupported(a, location, "%s of %s", d->fields[i].name, short_name(d));
}

const char *node_kind(const PgQuery__Node *node)
{
	const ProtobufCFieldDescriptor *f =
		protobuf_c_message_descriptor_get_field(node->base.descriptor, node->node_case);

	if (f == NULL || f->descriptor == NULL)
		return "nothing";
	return short_name(f->descriptor);
}

int node_location(const PgQuery__Node *node)
{
	const ProtobufCFieldDescriptor *f;
	const ProtobufCMessage *m;

	if (node == NULL || node->node_case == PG_QUERY__NODE__NODE__NOT_SET)
		return -1;
	/* operators and casts are reported where their first operand begins */
	switch (node->node_case) {
	case PG_QUERY__NODE__NODE_LIST:
		return node->list->n_items > 0 ? node_location(node->list->items[0]) : -1;
	case PG_QUERY__NODE__NODE_A_EXPR: {
		int own = node->a_expr->location;
		int left = node->a_expr->lexpr != NULL ? node_location(node->a_expr->lexpr) : -1;

		return left >= 0 && left < own ? left : own;
	}
	case PG_QUERY__NODE__NODE_TYPE_CAST: {
		int own = node->type_cast->location;
		int arg = node_location(node->type_cast->arg);

		return arg >= 0 && (own < 0 || arg < own) ? arg : own;
	}
	case PG_QUERY__NODE__NODE_COLLATE_CLAUSE:
		return node_location(node->collate_clause->arg);
	case PG_QUERY__NODE__NODE_NULL_TEST:
		return node_location(node->null_test->arg);
	case PG_QUERY__NODE__NODE_BOOLEAN_TEST:
		return node_location(node->boolean_test->arg);
	case PG_QUERY__NODE__NODE_A_INDIRECTION:
		return node_location(node->a_indirection->arg);
	case PG_QUERY__NODE__NODE_BOOL_EXPR: {
		int own = node->bool_expr->location;
		int arg = node->bool_expr->n_args > 0 ? node_location(node->bool_expr->args[0]) : -1;

		return arg >= 0 && (own < 0 || arg < own) ? arg : own;
	}
	case PG_QUERY__NODE__NODE_SELECT_STMT: {
		const PgQuery__SelectStmt *q = node->select_stmt;

		while (q->larg != NULL)
			q = q->larg;
		if (q->n_target_list > 0)
			return node_location(q->target_list[0]);
		return q->n_values_lists > 0 ? node_location(q->values_lists[0]) : -1;
	}
	default:
		break;
	}
	f = protobuf_c_message_descriptor_get_field(node->base.descriptor, node->node_case);
	m = (const ProtobufCMessage *)node->select_stmt; /* any member of the union */
	if (f == NULL || f->type != PROTOBUF_C_TYPE_MESSAGE || m == NULL)
		return -1;
	f = protobuf_c_message_descriptor_get_field_by_name(m->descriptor, "location");
	if (f == NULL || f->type != PROTOBUF_C_TYPE_INT32)
		return -1;
	return *(const int32_t *)(const void *)((const char *)m + f->offset);
}

const char *node_name(struct analyzer *a, const PgQuery__Node *node)
{
	if (node == NULL || node->node_case != PG_QUERY__NODE__NODE_STRING)
		fail_unsupported(a, node_location(node), "this name");
	return node->string->sval;
}
