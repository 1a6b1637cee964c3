/*
 * env.c - the environment of a session that nobody configured
 * Licence: MIT, see LICENSE.
 */
#include "sql/env.h"

#include <stddef.h>

#include "base/clock.h"

void sql_env_init(struct sql_env *env)
{
	static const char *const search_path[] = { "pg_catalog", "public" };

	*env = (struct sql_env){
		.date_style = DATE_STYLE_ISO,
		.date_order = DATE_ORDER_MDY,
		.interval_style = INTERVAL_STYLE_POSTGRES,
		.extra_float_digits = 1,
		.user = "postgres",
		.session_user = "postgres",
		.database = "main",
		.application_name = "",
		.search_path = search_path,
		.n_search_path = 2,
	};
	env->transaction_us = env->statement_us = wall_us() - INT64_C(946684800000000);
}
