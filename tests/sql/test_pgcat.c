/*
 * test_pgcat.c - the compiled-in catalog is whole, sorted and PostgreSQL's
 *
 * The numbers were read off PostgreSQL 15.
 * Licence: MIT, see LICENSE.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "sql/pgcat.h"
#include "sql/type.h"

START_TEST(every_type_is_found_by_oid_and_by_name)
{
	size_t n;
	const struct pg_type_row *rows = pgcat_types(&n);

	ck_assert_uint_eq(n, 611);
	for (size_t i = 0; i < n; i++) {
		ck_assert(i == 0 || rows[i - 1].oid < rows[i].oid);
		ck_assert_ptr_eq(pgcat_type(rows[i].oid), &rows[i]);
		if (rows[i].typnamespace == 11)
			ck_assert_ptr_eq(pgcat_type_named(rows[i].typname), &rows[i]);
	}
	ck_assert_ptr_null(pgcat_type(1));
	ck_assert_ptr_null(pgcat_type_named("integer"));
	ck_assert_uint_eq(pgcat_type_named("int4")->oid, INT4OID);
	ck_assert_uint_eq(pgcat_type(INT4OID)->typarray, INT4ARRAYOID);
	ck_assert_int_eq(pgcat_type(TEXTOID)->typcategory, 'S');
	ck_assert(pgcat_type(TEXTOID)->typispreferred);
	ck_assert_str_eq(pgcat_type(NUMERICOID)->typmodin, "numerictypmodin");
}
END_TEST

START_TEST(only_true_arrays_have_elements)
{
	ck_assert_uint_eq(pgcat_element_type(INT4ARRAYOID), INT4OID);
	ck_assert_uint_eq(pgcat_element_type(INT2VECTOROID), INT2OID);
	ck_assert_uint_eq(pgcat_element_type(OIDVECTOROID), OIDOID);
	ck_assert_uint_eq(pgcat_element_type(NAMEOID), 0);
	ck_assert_uint_eq(pgcat_element_type(POINTOID), 0);
	ck_assert_uint_eq(pgcat_element_type(INT4OID), 0);
	ck_assert_uint_eq(pgcat_element_type(99999), 0);
}
END_TEST

START_TEST(every_function_is_found_by_oid_and_by_name)
{
	size_t n, n_named;
	const struct pg_proc_row *rows = pgcat_procs(&n);

	ck_assert_uint_eq(n, 3245 - 3); /* without plpgsql's */
	for (size_t i = 0; i < n; i++) {
		const struct pg_proc_row *p = &rows[i];

		if (i > 0) {
			int c = strcmp(rows[i - 1].proname, p->proname);
			ck_assert(c < 0 || (c == 0 && rows[i - 1].oid < p->oid));
		}
		ck_assert_ptr_eq(pgcat_proc(p->oid), p);
		const struct pg_proc_row *named = pgcat_procs_named(p->proname, &n_named);
		ck_assert(p >= named && p < named + n_named);
		for (int a = 0; a < p->pronargs; a++)
			ck_assert_ptr_nonnull(pgcat_type(p->proargtypes[a]));
		for (int a = 0; a < p->n_allargs; a++)
			ck_assert_ptr_nonnull(pgcat_type(p->proallargtypes[a]));
		ck_assert(p->proargmodes == NULL || strlen(p->proargmodes) == (size_t)p->n_allargs);
		ck_assert((p->argdefaults != NULL) == (p->pronargdefaults > 0));
		ck_assert_ptr_nonnull(pgcat_type(p->prorettype));
		ck_assert_int_eq(p->prokind == 'a', pgcat_aggregate(p->oid) != NULL);
	}
	ck_assert_ptr_null(pgcat_procs_named("no_such_function", &n_named));
	ck_assert_uint_eq(n_named, 0);
	ck_assert_ptr_null(pgcat_proc(0));
}
END_TEST

START_TEST(functions_keep_their_arguments_names_and_defaults)
{
	size_t n;
	const struct pg_proc_row *p = pgcat_procs_named("make_interval", &n);

	ck_assert_uint_eq(n, 1);
	ck_assert_int_eq(p->pronargs, 7);
	ck_assert_int_eq(p->pronargdefaults, 7);
	ck_assert_str_eq(p->proargnames[0], "years");
	ck_assert_str_eq(p->argdefaults[0], "0");
	ck_assert_str_eq(p->argdefaults[6], "0.0");
	ck_assert_uint_eq(p->proargtypes[6], FLOAT8OID);

	p = pgcat_procs_named("pg_get_keywords", &n);
	ck_assert_uint_eq(n, 1);
	ck_assert_int_eq(p->pronargs, 0);
	ck_assert_int_eq(p->n_allargs, 5);
	ck_assert_str_eq(p->proargmodes, "ooooo");
	ck_assert_uint_eq(p->proallargtypes[1], CHAROID);
	ck_assert_str_eq(p->proargnames[4], "baredesc");
	ck_assert(p->proretset);

	p = pgcat_procs_named("concat_ws", &n);
	ck_assert_uint_eq(p->provariadic, ANYOID);
	p = pgcat_procs_named("_pg_expandarray", &n);
	ck_assert_uint_ne(p->pronamespace, 11);
}
END_TEST

START_TEST(every_operator_cast_and_aggregate_is_found)
{
	size_t n, n_named;
	const struct pg_operator_row *ops = pgcat_operators(&n);

	ck_assert_uint_eq(n, 799);
	for (size_t i = 0; i < n; i++) {
		if (i > 0) {
			int c = strcmp(ops[i - 1].oprname, ops[i].oprname);
			ck_assert(c < 0 || (c == 0 && ops[i - 1].oid < ops[i].oid));
		}
		ck_assert_ptr_eq(pgcat_operator(ops[i].oid), &ops[i]);
		const struct pg_operator_row *named =
			pgcat_operators_named(ops[i].oprname, &n_named);
		ck_assert(&ops[i] >= named && &ops[i] < named + n_named);
		ck_assert_ptr_nonnull(pgcat_proc(ops[i].oprcode));
		ck_assert(ops[i].oprcom == 0 || pgcat_operator(ops[i].oprcom) != NULL);
	}
	const struct pg_cast_row *casts = pgcat_casts(&n);
	ck_assert_uint_eq(n, 229);
	for (size_t i = 0; i < n; i++) {
		ck_assert_ptr_eq(pgcat_cast(casts[i].castsource, casts[i].casttarget), &casts[i]);
		ck_assert(casts[i].castfunc == 0 || pgcat_proc(casts[i].castfunc) != NULL);
	}
	ck_assert_int_eq(pgcat_cast(INT4OID, INT8OID)->castcontext, 'i');
	ck_assert_int_eq(pgcat_cast(INT8OID, INT4OID)->castcontext, 'a');
	ck_assert_ptr_null(pgcat_cast(DATEOID, INT4OID));
	ck_assert_ptr_null(pgcat_cast(0, 0));
	ck_assert_ptr_null(pgcat_aggregate(INT32_MAX));
}
END_TEST

START_TEST(orderings_are_those_of_the_default_btree_class)
{
	struct type_ordering o = pgcat_type_ordering(INT4OID);

	ck_assert_uint_eq(o.lt, 97);
	ck_assert_uint_eq(o.eq, 96);
	ck_assert_uint_eq(o.gt, 521);
	/* binary coercible: varchar is compared as text, cidr as inet, regclass as oid */
	ck_assert_uint_eq(pgcat_type_ordering(VARCHAROID).lt, pgcat_type_ordering(TEXTOID).lt);
	ck_assert_uint_eq(pgcat_type_ordering(CIDROID).eq, pgcat_type_ordering(INETOID).eq);
	ck_assert_uint_eq(pgcat_type_ordering(REGCLASSOID).eq, pgcat_type_ordering(OIDOID).eq);
	ck_assert_uint_eq(pgcat_type_ordering(INT4ARRAYOID).eq, 1070);
	ck_assert_uint_ne(pgcat_type_ordering(CHAROID).eq, pgcat_type_ordering(TEXTOID).eq);
	ck_assert_uint_eq(pgcat_type_ordering(JSONOID).eq, 0);
	ck_assert_uint_eq(pgcat_type_ordering(POINTOID).lt, 0);
	ck_assert_uint_eq(pgcat_type_ordering(XIDOID).lt, 0);
	size_t n;
	const struct pg_type_row *types = pgcat_types(&n);
	for (size_t i = 0; i < n; i++) {
		o = pgcat_type_ordering(types[i].oid);
		if (o.eq == 0)
			continue;
		ck_assert_str_eq(pgcat_operator(o.lt)->oprname, "<");
		ck_assert_str_eq(pgcat_operator(o.eq)->oprname, "=");
		ck_assert_str_eq(pgcat_operator(o.gt)->oprname, ">");
	}
}
END_TEST

START_TEST(settings_are_found_in_any_case_and_name_no_file)
{
	size_t n;
	const struct pg_setting_row *rows = pgcat_settings(&n);

	ck_assert_uint_gt(n, 340);
	for (size_t i = 0; i < n; i++) {
		ck_assert(i == 0 || strcasecmp(rows[i - 1].name, rows[i].name) < 0);
		ck_assert_ptr_eq(pgcat_setting(rows[i].name), &rows[i]);
		if (rows[i].setting != NULL)
			ck_assert_msg(rows[i].setting[0] != '/', "%s", rows[i].name);
		if (rows[i].boot_val != NULL)
			ck_assert_msg(rows[i].boot_val[0] != '/', "%s", rows[i].name);
	}
	ck_assert_ptr_eq(pgcat_setting("timezone"), pgcat_setting("TimeZone"));
	ck_assert_str_eq(pgcat_setting("work_mem")->setting, "4096");
	ck_assert_str_eq(pgcat_setting("work_mem")->unit, "kB");
	ck_assert_ptr_null(pgcat_setting("no_such_setting"));
}
END_TEST

START_TEST(rows_as_text_have_all_their_fields)
{
	static const char *const names[] = { "pg_am", "pg_attribute", "pg_class", "pg_proc",
					     "pg_type", "pg_ts_config", "sql_features" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct pgcat_rows *r = pgcat_rows(names[i]);

		ck_assert_ptr_nonnull(r);
		for (uint32_t row = 0; row < r->n_rows; row++) {
			unsigned tabs = 0;
			for (uint32_t at = r->starts[row]; at < r->starts[row + 1]; at++)
				tabs += r->text[at] == '\t';
			ck_assert_uint_eq(tabs, r->n_columns - 1);
			ck_assert_int_eq(r->text[r->starts[row + 1] - 1], '\n');
		}
	}
	const struct pgcat_rows *class = pgcat_rows("pg_class");
	uint32_t n, at = pgcat_rows_with_key(class, 1259, &n);
	size_t len;
	bool null;
	ck_assert_uint_eq(n, 1);
	const char *name = pgcat_field(class, at, 1, &len, &null);
	ck_assert(!null && len == 8 && memcmp(name, "pg_class", 8) == 0);
	pgcat_field(class, at, class->n_columns - 1, &len, &null);
	ck_assert(null);
	ck_assert_uint_gt(pgcat_rows_with_key(pgcat_rows("pg_attribute"), 1259, &n), 0);
	ck_assert_uint_eq(n, 33 + 6); /* with the system columns */
	pgcat_rows_with_key(class, 5, &n);
	ck_assert_uint_eq(n, 0);
	ck_assert_ptr_null(pgcat_rows("pg_statistic"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("pgcat");
	TCase *tc = tcase_create("pgcat");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, every_type_is_found_by_oid_and_by_name);
	tcase_add_test(tc, only_true_arrays_have_elements);
	tcase_add_test(tc, every_function_is_found_by_oid_and_by_name);
	tcase_add_test(tc, functions_keep_their_arguments_names_and_defaults);
	tcase_add_test(tc, every_operator_cast_and_aggregate_is_found);
	tcase_add_test(tc, orderings_are_those_of_the_default_btree_class);
	tcase_add_test(tc, settings_are_found_in_any_case_and_name_no_file);
	tcase_add_test(tc, rows_as_text_have_all_their_fields);
	suite_add_tcase(s, tc);
	SRunner *runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
