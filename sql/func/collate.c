/*
 * collate.c - the collation of key texts
 * Licence: MIT, see LICENSE.
 */
#include "sql/func/tables.h"
#include "sql/type/key.h"

static int collate_key(void *arg, int a_len, const void *a, int b_len, const void *b)
{
	(void)arg;
	return key_compare(a, (size_t)a_len, b, (size_t)b_len);
}

bool collate_register(struct sql_conn *conn)
{
	return sqlite3_create_collation_v2(conn->db, "pg_key", SQLITE_UTF8, NULL, collate_key, NULL) ==
	       SQLITE_OK;
}
