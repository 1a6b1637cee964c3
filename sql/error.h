/*
 * error.h - an error as PostgreSQL reports it
 *
 * Fixed-size and the caller's, like base/error.h, so that reporting needs no
 * memory.  Too long a text is cut at a character's end.
 *
 * Source: PostgreSQL 15 documentation, appendix A (SQLSTATE) and section 55.8
 * (error fields).
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_SQL_ERROR_H
#define PGBLOB_SQL_ERROR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"

struct sql_error {
	bool set;
	bool fatal;           /* the session must end */
	char sqlstate[6];
	char message[1024];
	char detail[1024];
	char hint[512];
	int location;         /* 0-based byte offset into the statement's text; -1: none */
	char schema[64];
	char table[64];
	char column[64];
	char data_type[64];
	char constraint[64];
};

#define SQL_ERROR_INIT { .location = -1 }

/* All return false.  A second report replaces the first. */
bool sql_error_set(struct sql_error *err, const char *sqlstate, const char *fmt, ...)
	PRINTF_LIKE(3, 4);
/* location: byte offset as in the parse tree; negative: none. */
bool sql_error_at(struct sql_error *err, int location, const char *sqlstate,
		  const char *fmt, ...) PRINTF_LIKE(4, 5);
bool sql_error_no_memory(struct sql_error *err);
/* 0A000 "... is not supported". */
bool sql_error_unsupported(struct sql_error *err, int location, const char *fmt, ...)
	PRINTF_LIKE(3, 4);

bool sql_error_detail(struct sql_error *err, const char *fmt, ...) PRINTF_LIKE(2, 3);
bool sql_error_hint(struct sql_error *err, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Sets the name fields that are not NULL. */
void sql_error_names(struct sql_error *err, const char *schema, const char *table,
		     const char *column, const char *constraint);
void sql_error_clear(struct sql_error *err);

#define ERRCODE_CONNECTION_UNKNOWN "08007"
#define ERRCODE_PROTOCOL_VIOLATION "08P01"
#define ERRCODE_FEATURE_NOT_SUPPORTED "0A000"
#define ERRCODE_CARDINALITY_VIOLATION "21000"
#define ERRCODE_STRING_TOO_LONG "22001"
#define ERRCODE_NUMERIC_OUT_OF_RANGE "22003"
#define ERRCODE_NULL_NOT_ALLOWED "22004"
#define ERRCODE_INVALID_DATETIME_FORMAT "22007"
#define ERRCODE_DATETIME_OVERFLOW "22008"
#define ERRCODE_INTERVAL_OVERFLOW "22015"
#define ERRCODE_SUBSTRING_ERROR "22011"
#define ERRCODE_DIVISION_BY_ZERO "22012"
#define ERRCODE_CHARACTER_NOT_IN_REPERTOIRE "22021"
#define ERRCODE_INVALID_PARAMETER_VALUE "22023"
#define ERRCODE_ARRAY_SUBSCRIPT "2202E"
#define ERRCODE_INVALID_REGEXP "2201B"
#define ERRCODE_INVALID_ROW_COUNT_LIMIT "2201W"
#define ERRCODE_INVALID_ROW_COUNT_OFFSET "2201X"
#define ERRCODE_INVALID_ESCAPE_SEQUENCE "22025"
#define ERRCODE_INVALID_TEXT "22P02"
#define ERRCODE_INVALID_BINARY "22P03"
#define ERRCODE_BAD_COPY_FORMAT "22P04"
#define ERRCODE_UNTRANSLATABLE "22P05"
#define ERRCODE_RESTRICT_VIOLATION "23001"
#define ERRCODE_NOT_NULL_VIOLATION "23502"
#define ERRCODE_FOREIGN_KEY_VIOLATION "23503"
#define ERRCODE_UNIQUE_VIOLATION "23505"
#define ERRCODE_CHECK_VIOLATION "23514"
#define ERRCODE_INVALID_CURSOR_STATE "24000"
#define ERRCODE_INVALID_TRANSACTION_STATE "25000"
#define ERRCODE_ACTIVE_TRANSACTION "25001"
#define ERRCODE_READ_ONLY_TRANSACTION "25006"
#define ERRCODE_NO_ACTIVE_TRANSACTION "25P01"
#define ERRCODE_IN_FAILED_TRANSACTION "25P02"
#define ERRCODE_IDLE_TRANSACTION_TIMEOUT "25P03"
#define ERRCODE_INVALID_STATEMENT_NAME "26000"
#define ERRCODE_DEPENDENT_OBJECTS "2BP01"
#define ERRCODE_INVALID_CURSOR_NAME "34000"
#define ERRCODE_INVALID_CATALOG_NAME "3D000"
#define ERRCODE_INVALID_SCHEMA_NAME "3F000"
#define ERRCODE_INVALID_SAVEPOINT "3B001"
#define ERRCODE_SERIALIZATION_FAILURE "40001"
#define ERRCODE_SYNTAX "42601"
#define ERRCODE_TOO_MANY_ARGUMENTS "54023"
#define ERRCODE_INSUFFICIENT_PRIVILEGE "42501"
#define ERRCODE_CANNOT_COERCE "42846"
#define ERRCODE_GROUPING "42803"
#define ERRCODE_WINDOWING "42P20"
#define ERRCODE_INVALID_RECURSION "42P19"
#define ERRCODE_INVALID_FOREIGN_KEY "42830"
#define ERRCODE_INVALID_NAME "42602"
#define ERRCODE_NAME_TOO_LONG "42622"
#define ERRCODE_RESERVED_NAME "42939"
#define ERRCODE_DATATYPE_MISMATCH "42804"
#define ERRCODE_INDETERMINATE_DATATYPE "42P18"
#define ERRCODE_INDETERMINATE_COLLATION "42P22"
#define ERRCODE_WRONG_OBJECT_TYPE "42809"
#define ERRCODE_GENERATED_ALWAYS "428C9"
#define ERRCODE_UNDEFINED_COLUMN "42703"
#define ERRCODE_UNDEFINED_FUNCTION "42883"
#define ERRCODE_UNDEFINED_TABLE "42P01"
#define ERRCODE_UNDEFINED_PARAMETER "42P02"
#define ERRCODE_UNDEFINED_OBJECT "42704"
#define ERRCODE_DUPLICATE_COLUMN "42701"
#define ERRCODE_DUPLICATE_CURSOR "42P03"
#define ERRCODE_DUPLICATE_DATABASE "42P04"
#define ERRCODE_DUPLICATE_PREPARED_STATEMENT "42P05"
#define ERRCODE_DUPLICATE_SCHEMA "42P06"
#define ERRCODE_DUPLICATE_TABLE "42P07"
#define ERRCODE_DUPLICATE_ALIAS "42712"
#define ERRCODE_DUPLICATE_OBJECT "42710"
#define ERRCODE_AMBIGUOUS_COLUMN "42702"
#define ERRCODE_AMBIGUOUS_FUNCTION "42725"
#define ERRCODE_AMBIGUOUS_ALIAS "42P09"
#define ERRCODE_INVALID_COLUMN_REFERENCE "42P10"
#define ERRCODE_INVALID_TABLE_DEFINITION "42P16"
#define ERRCODE_INVALID_OBJECT_DEFINITION "42P17"
#define ERRCODE_WITH_CHECK_OPTION "44000"
#define ERRCODE_DISK_FULL "53100"
#define ERRCODE_OUT_OF_MEMORY "53200"
#define ERRCODE_PROGRAM_LIMIT "54000"
#define ERRCODE_TOO_COMPLEX "54001"
#define ERRCODE_TOO_MANY_COLUMNS "54011"
#define ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE "55000"
#define ERRCODE_OBJECT_IN_USE "55006"
#define ERRCODE_CANT_CHANGE_RUNTIME_PARAM "55P02"
#define ERRCODE_LOCK_NOT_AVAILABLE "55P03"
#define ERRCODE_QUERY_CANCELED "57014"
#define ERRCODE_ADMIN_SHUTDOWN "57P01"
#define ERRCODE_CANNOT_CONNECT_NOW "57P03"
#define ERRCODE_IO "58030"
#define ERRCODE_INTERNAL "XX000"
#define ERRCODE_DATA_CORRUPTED "XX001"

#endif
