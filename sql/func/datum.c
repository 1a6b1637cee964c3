/*
 * datum.c - values compared and kept; rows of aggregates
 * Licence: MIT, see LICENSE.
 */
#include "sql/func/datum.h"

#include <stdlib.h>

#include "sql/type/key.h"

static int kind_rank(enum datum_kind kind)
{
	return kind == DATUM_NULL ? 0 : kind == DATUM_INT || kind == DATUM_REAL ? 1
	     : kind == DATUM_TEXT ? 2 : 3;
}

static double as_double(const struct datum *d)
{
	return d->kind == DATUM_INT ? (double)d->i : d->r;
}

int datum_compare(const struct datum *a, const struct datum *b)
{
	int x = kind_rank(a->kind), y = kind_rank(b->kind);

	if (x != y)
		return x < y ? -1 : 1;
	switch (x) {
	case 0:
		return 0;
	case 1:
		if (a->kind == DATUM_INT && b->kind == DATUM_INT)
			return a->i < b->i ? -1 : a->i > b->i;
		return as_double(a) < as_double(b) ? -1 : as_double(a) > as_double(b);
	default:
		return key_compare(a->data, a->len, b->data, b->len);
	}
}

bool datum_keep(struct arena *arena, const struct datum *from, struct datum *to)
{
	*to = *from;
	if (from->kind != DATUM_TEXT && from->kind != DATUM_BLOB)
		return true;
	to->data = arena_memdup(arena, from->len > 0 ? from->data : "", from->len);
	return to->data != NULL;
}

bool func_array(sqlite3_context *ctx, sqlite3_value *v, struct arena *arena, struct array *out)
{
	struct datum d = func_datum(v);

	if (array_decode(&d, arena, out))
		return true;
	if (arena->failed)
		func_no_memory(ctx);
	else
		func_fail(ctx, ERRCODE_DATA_CORRUPTED, "the database holds a value that is not an array");
	return false;
}

void func_result_array(sqlite3_context *ctx, const struct array *a)
{
	struct buf *b = func_buf(func_conn(ctx));

	array_encode(b, a);
	func_result_buf(ctx, b);
}

void agg_add(sqlite3_context *ctx, int n, sqlite3_value **argv, int n_args)
{
	struct agg_rows *a = sqlite3_aggregate_context(ctx, sizeof(*a));

	if (a == NULL || a->broken) {
		if (a == NULL)
			func_no_memory(ctx);
		return;
	}
	if (a->arena.limit == 0) {
		arena_init(&a->arena, (size_t)1 << 30);
		a->n_args = n_args;
		a->has_spec = n > n_args;
		if (a->has_spec) {
			struct func_text t = func_text(argv[n_args]);

			if (t.len >= sizeof(a->spec))
				t.len = sizeof(a->spec) - 1;
			memcpy(a->spec, t.data, t.len);
			a->n_keys = n - n_args - 1;
		}
	}
	if (a->n == a->room) {
		size_t more = a->room == 0 ? 16 : a->room * 2;
		struct agg_row *grown = realloc(a->rows, more * sizeof(*grown));

		if (grown == NULL) {
			a->broken = true;
			func_no_memory(ctx);
			return;
		}
		a->rows = grown;
		a->room = more;
	}
	struct datum *kept = arena_alloc(&a->arena, (size_t)(n_args + a->n_keys) * sizeof(*kept));
	bool ok = kept != NULL;
	for (int i = 0; ok && i < n_args + a->n_keys; i++) {
		struct datum d = func_datum(argv[i < n_args ? i : i + 1]);

		ok = datum_keep(&a->arena, &d, &kept[i]);
	}
	if (!ok) {
		a->broken = true;
		sql_error_set(&func_conn(ctx)->err, ERRCODE_OUT_OF_MEMORY, "out of memory");
		sql_conn_fail(func_conn(ctx), ctx);
		return;
	}
	a->rows[a->n].args = kept;
	a->rows[a->n].keys = kept + n_args;
	a->n++;
}

void agg_remove(sqlite3_context *ctx)
{
	struct agg_rows *a = sqlite3_aggregate_context(ctx, 0);

	if (a == NULL || a->first >= a->n)
		return;
	a->first++;
	if (a->first > 1024 && a->first > a->n / 2) {
		/* the bytes stay in the arena until the window ends */
		memmove(a->rows, a->rows + a->first, (a->n - a->first) * sizeof(*a->rows));
		a->n -= a->first;
		a->first = 0;
	}
}

static int compare_rows(const void *x, const void *y, void *arg)
{
	const struct agg_row *p = x, *q = y;
	const struct agg_rows *a = arg;
	bool distinct = a->spec[0] == 'D';

	for (int i = 0; i < a->n_keys; i++) {
		char order = a->spec[distinct + 2 * i], nulls = a->spec[distinct + 2 * i + 1];
		bool null_p = p->keys[i].kind == DATUM_NULL, null_q = q->keys[i].kind == DATUM_NULL;

		if (null_p || null_q) {
			if (null_p && null_q)
				continue;
			return null_p == (nulls == 'f') ? -1 : 1;
		}
		int c = datum_compare(&p->keys[i], &q->keys[i]);
		if (c != 0)
			return order == 'd' ? -c : c;
	}
	if (distinct)
		for (int i = 0; i < a->n_args; i++) {
			bool null_p = p->args[i].kind == DATUM_NULL, null_q = q->args[i].kind == DATUM_NULL;

			if (null_p != null_q)
				return null_p ? 1 : -1;
			int c = datum_compare(&p->args[i], &q->args[i]);
			if (c != 0)
				return c;
		}
	/* the order of arrival decides: rows are in one arena, older ones were made first */
	return 0;
}

static void merge_sort(struct agg_row *rows, struct agg_row *room, size_t n, struct agg_rows *a)
{
	size_t half = n / 2, i = 0, j = half, k = 0;

	if (n < 2)
		return;
	merge_sort(rows, room, half, a);
	merge_sort(rows + half, room, n - half, a);
	while (i < half && j < n)
		room[k++] = compare_rows(&rows[i], &rows[j], a) <= 0 ? rows[i++] : rows[j++];
	while (i < half)
		room[k++] = rows[i++];
	while (j < n)
		room[k++] = rows[j++];
	memcpy(rows, room, n * sizeof(*rows));
}

struct agg_rows *agg_get(sqlite3_context *ctx)
{
	struct agg_rows *a = sqlite3_aggregate_context(ctx, 0);

	if (a == NULL || a->first >= a->n || a->broken)
		return NULL;
	if (!a->has_spec)
		return a;
	struct agg_row *room = malloc(a->n * sizeof(*room));
	if (room == NULL) {
		func_no_memory(ctx);
		return NULL;
	}
	merge_sort(a->rows, room, a->n, a);
	free(room);
	if (a->spec[0] == 'D') {
		size_t kept = 0;

		for (size_t i = 0; i < a->n; i++) {
			bool same = kept > 0;

			for (int j = 0; same && j < a->n_args; j++)
				same = datum_compare(&a->rows[i].args[j], &a->rows[kept - 1].args[j]) == 0;
			if (!same)
				a->rows[kept++] = a->rows[i];
		}
		a->n = kept;
	}
	return a;
}

void agg_done(struct agg_rows *a)
{
	if (a == NULL)
		return;
	arena_free(&a->arena);
	free(a->rows);
	a->rows = NULL;
	a->n = a->first = 0;
}
