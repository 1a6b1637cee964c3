/*
 * executor.h - sql/ as the executor of wire/
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_CMD_EXECUTOR_H
#define PGBLOB_CMD_EXECUTOR_H

#include "wire/executor.h"

struct sql_server;

/* What wire_open() gets as `server`; sql may be set until wire_start(). */
struct executor {
	struct sql_server *sql;
};

extern const struct executor_ops sql_executor_ops;

#endif
