/*
 * format.c - names of types with their modifiers, and modifiers from what is in brackets
 * Licence: MIT, see LICENSE.
 */
#include "sql/pgcat.h"
#include "sql/type/impl.h"

#define INTERVAL_FULL_RANGE 0x7FFF
#define INTERVAL_FULL_PRECISION 0xFFFF

/* Names of the SQL standard, and where the modifier stands in them. */
static const struct {
	oid_t type;
	const char *name;
	const char *behind; /* what follows the modifier */
} standard_names[] = {
	{ BOOLOID, "boolean", "" },
	{ BPCHAROID, "character", "" },
	{ FLOAT4OID, "real", "" },
	{ FLOAT8OID, "double precision", "" },
	{ INT2OID, "smallint", "" },
	{ INT4OID, "integer", "" },
	{ INT8OID, "bigint", "" },
	{ NUMERICOID, "numeric", "" },
	{ INTERVALOID, "interval", "" },
	{ TIMEOID, "time", " without time zone" },
	{ TIMETZOID, "time", " with time zone" },
	{ TIMESTAMPOID, "timestamp", " without time zone" },
	{ TIMESTAMPTZOID, "timestamp", " with time zone" },
	{ VARCHAROID, "character varying", "" },
	{ BITOID, "bit", "" },
	{ VARBITOID, "bit varying", "" },
	{ CHAROID, "\"char\"", "" },
};

static void put_interval_modifier(int32_t typmod, struct buf *out)
{
	static const struct {
		int range;
		const char *text;
	} ranges[] = { { 1 << 2, " year" },
		       { 1 << 1, " month" },
		       { 1 << 3, " day" },
		       { 1 << 10, " hour" },
		       { 1 << 11, " minute" },
		       { 1 << 12, " second" },
		       { 1 << 2 | 1 << 1, " year to month" },
		       { 1 << 3 | 1 << 10, " day to hour" },
		       { 1 << 3 | 1 << 10 | 1 << 11, " day to minute" },
		       { 1 << 3 | 1 << 10 | 1 << 11 | 1 << 12, " day to second" },
		       { 1 << 10 | 1 << 11, " hour to minute" },
		       { 1 << 10 | 1 << 11 | 1 << 12, " hour to second" },
		       { 1 << 11 | 1 << 12, " minute to second" } };
	int range = typmod >> 16 & 0x7FFF, precision = typmod & 0xFFFF;

	for (size_t i = 0; i < ARRAY_LEN(ranges); i++)
		if (ranges[i].range == range)
			buf_put_str(out, ranges[i].text);
	if (precision != INTERVAL_FULL_PRECISION)
		buf_printf(out, "(%d)", precision);
}

static void put_modifier(oid_t type, int32_t typmod, struct buf *out)
{
	switch (type) {
	case VARCHAROID:
	case BPCHAROID:
		if (typmod >= 4)
			buf_printf(out, "(%d)", typmod - 4);
		break;
	case NUMERICOID:
		if (typmod >= 4) {
			int scale = (typmod - 4) & 0x7ff;

			buf_printf(out, "(%d,%d)", (typmod - 4) >> 16 & 0xffff, (scale ^ 1024) - 1024);
		}
		break;
	case INTERVALOID:
		if (typmod >= 0)
			put_interval_modifier(typmod, out);
		break;
	case BITOID:
	case VARBITOID:
	case TIMEOID:
	case TIMETZOID:
	case TIMESTAMPOID:
	case TIMESTAMPTZOID:
		if (typmod >= 0)
			buf_printf(out, "(%d)", typmod);
		break;
	default:
		break;
	}
}

void type_format(const struct schema *schema, oid_t type, int32_t typmod, struct buf *out)
{
	const char *name = NULL, *behind = "";
	const struct pg_type_row *row = pgcat_type(type);
	bool is_array = false;

	(void)schema;
	if (type == 0) {
		buf_put_byte(out, '-');
		return;
	}
	if (row != NULL && row->typelem != 0 &&
	    strcmp(row->typsubscript, "array_subscript_handler") == 0 && row->typlen == -1 &&
	    type != INT2VECTOROID && type != OIDVECTOROID) {
		is_array = true;
		type = row->typelem;
		row = pgcat_type(type);
	}
	for (size_t i = 0; i < ARRAY_LEN(standard_names); i++)
		if (standard_names[i].type == type) {
			name = standard_names[i].name;
			behind = standard_names[i].behind;
		}
	/* character without a length is character(1), and bpchar is neither */
	if (type == BPCHAROID && typmod < 0)
		name = typmod == -1 ? "character" : "bpchar";
	if (type == BITOID && typmod < 0)
		name = "bit";
	if (name == NULL && row == NULL) {
		buf_put_str(out, "???");
		return;
	}
	buf_put_str(out, name != NULL ? name : row->typname);
	put_modifier(type, typmod, out);
	buf_put_str(out, behind);
	if (is_array)
		buf_put_str(out, "[]");
}

static bool one_part(size_t n, struct sql_error *err)
{
	if (n == 1)
		return true;
	return sql_error_set(err, ERRCODE_INVALID_PARAMETER_VALUE, "invalid type modifier");
}

static bool length_typmod(const char *name, const int32_t *parts, size_t n, int32_t max,
			  int32_t add, int32_t *out, struct sql_error *err)
{
	if (!one_part(n, err))
		return false;
	if (parts[0] < 1)
		return sql_error_set(err, ERRCODE_INVALID_PARAMETER_VALUE,
				     "length for type %s must be at least 1", name);
	if (parts[0] > max)
		return sql_error_set(err, ERRCODE_INVALID_PARAMETER_VALUE,
				     "length for type %s cannot exceed %d", name, max);
	*out = parts[0] + add;
	return true;
}

static bool numeric_typmod(const int32_t *parts, size_t n, int32_t *out, struct sql_error *err)
{
	if (n < 1 || n > 2)
		return sql_error_set(err, ERRCODE_INVALID_PARAMETER_VALUE,
				     "invalid NUMERIC type modifier");
	int32_t scale = n == 2 ? parts[1] : 0;
	if (parts[0] < 1 || parts[0] > 1000)
		return sql_error_set(err, ERRCODE_INVALID_PARAMETER_VALUE,
				     "NUMERIC precision %d must be between 1 and 1000", parts[0]);
	if (scale < -1000 || scale > 1000)
		return sql_error_set(err, ERRCODE_INVALID_PARAMETER_VALUE,
				     "NUMERIC scale %d must be between -1000 and 1000", scale);
	*out = (parts[0] << 16 | (scale & 0x7ff)) + 4;
	return true;
}

static bool time_typmod(oid_t type, const int32_t *parts, size_t n, int32_t *out,
			struct sql_error *err)
{
	if (!one_part(n, err))
		return false;
	if (parts[0] < 0) {
		bool is_timestamp = type == TIMESTAMPOID || type == TIMESTAMPTZOID;

		return sql_error_set(err, ERRCODE_INVALID_PARAMETER_VALUE,
				     "%s(%d)%s precision must not be negative",
				     is_timestamp ? "TIMESTAMP" : "TIME", parts[0],
				     type == TIMESTAMPTZOID || type == TIMETZOID ? " WITH TIME ZONE" : "");
	}
	*out = parts[0] > 6 ? 6 : parts[0]; /* PostgreSQL warns */
	return true;
}

static bool interval_typmod(const int32_t *parts, size_t n, int32_t *out, struct sql_error *err)
{
	if (n < 1 || n > 2)
		return sql_error_set(err, ERRCODE_INVALID_PARAMETER_VALUE,
				     "invalid INTERVAL type modifier");
	if (n == 1) {
		*out = parts[0] == INTERVAL_FULL_RANGE ? -1
						       : INTERVAL_FULL_PRECISION | parts[0] << 16;
		return true;
	}
	if (parts[1] < 0)
		return sql_error_set(err, ERRCODE_INVALID_PARAMETER_VALUE,
				     "INTERVAL(%d) precision must not be negative", parts[1]);
	*out = (parts[1] > 6 ? 6 : parts[1]) | (parts[0] & 0x7FFF) << 16;
	return true;
}

bool type_typmod_in(oid_t type, const int32_t *parts, size_t n_parts, int32_t *out,
		    struct sql_error *err)
{
	const struct pg_type_row *row = pgcat_type(type);

	if (row != NULL && row->typelem != 0 && row->typlen == -1 && pgcat_element_type(type) != 0)
		type = row->typelem;
	switch (type) {
	case VARCHAROID:
		return length_typmod("varchar", parts, n_parts, 10485760, 4, out, err);
	case BPCHAROID:
		return length_typmod("char", parts, n_parts, 10485760, 4, out, err);
	case BITOID:
		return length_typmod("bit", parts, n_parts, 83886080, 0, out, err);
	case VARBITOID:
		return length_typmod("varbit", parts, n_parts, 83886080, 0, out, err);
	case NUMERICOID:
		return numeric_typmod(parts, n_parts, out, err);
	case TIMEOID:
	case TIMETZOID:
	case TIMESTAMPOID:
	case TIMESTAMPTZOID:
		return time_typmod(type, parts, n_parts, out, err);
	case INTERVALOID:
		return interval_typmod(parts, n_parts, out, err);
	default: {
		char name[64];
		struct buf b = BUF_INIT(256);

		type_format(NULL, type, -1, &b);
		snprintf(name, sizeof(name), "%s", buf_str(&b));
		buf_free(&b);
		return sql_error_set(err, ERRCODE_SYNTAX,
				     "type modifier is not allowed for type \"%s\"", name);
	}
	}
}
