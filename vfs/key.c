/*
 * key.c - database names, and the keys of a database's objects
 * Licence: MIT, see LICENSE.
 */
#include "vfs/key.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/utf8.h"
#include "vfs/vfs.h"

bool db_name_check(const char *name, struct error *err)
{
	const unsigned char *p = (const unsigned char *)name;
	size_t len = strlen(name);

	if (len == 0)
		return error_set(err, "a database name cannot be empty");
	if (len > DB_NAME_MAX)
		return error_set(err, "database name is too long: %zu bytes, the most is %d", len,
				 DB_NAME_MAX);
	if (utf8_valid_len(name, len) != len)
		return error_set(err, "database name is not valid UTF-8");
	for (; *p != '\0'; p++) {
		if (*p < 0x20 || *p == 0x7f)
			return error_set(err, "database name has a control character");
		if (*p == '@')
			return error_set(err, "a database name cannot contain \"@\"");
	}
	return true;
}

static bool is_plain(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-';
}

/* At most `max` bytes of `text`; room for three times as many and a NUL. */
static void percent_encode(const char *text, size_t max, char *out)
{
	static const char digits[] = "0123456789ABCDEF";
	char *at = out;

	for (size_t i = 0; i < max && text[i] != '\0'; i++) {
		unsigned char c = (unsigned char)text[i];

		if (is_plain(c)) {
			*at++ = (char)c;
		} else {
			*at++ = '%';
			*at++ = digits[c >> 4];
			*at++ = digits[c & 15];
		}
	}
	*at = '\0';
}

void db_name_encode(const char *name, char out[DB_NAME_ENCODED])
{
	percent_encode(name, 64, out);
}

void vfs_encode_name(const char *name, char out[VFS_NAME_ENCODED])
{
	percent_encode(name, VFS_NAME_MAX, out);
}

bool db_name_decode(const char *text, size_t len, char out[DB_NAME_MAX + 1])
{
	char again[DB_NAME_ENCODED];
	size_t n = 0;

	for (size_t i = 0; i < len; n++) {
		if (n == DB_NAME_MAX)
			return false;
		if (text[i] != '%') {
			out[n] = text[i++];
		} else {
			if (len - i < 3 || !hex_decode(text + i + 1, 2, &out[n]))
				return false;
			i += 3;
		}
	}
	out[n] = '\0';
	if (strlen(out) != n || !db_name_check(out, NULL))
		return false;
	/* one name, one folder */
	db_name_encode(out, again);
	return strlen(again) == len && memcmp(again, text, len) == 0;
}

void key_slot(char out[KEY_MAX], const char *folder, uint64_t lsn)
{
	snprintf(out, KEY_MAX, "%s/log/%016" PRIx64, folder, lsn);
}

void key_manifest(char out[KEY_MAX], const char *folder, uint64_t lsn)
{
	snprintf(out, KEY_MAX, "%s/manifest/%016" PRIx64, folder, ~lsn);
}

void key_segment(char out[KEY_MAX], const char *folder, const uint8_t id[ID_LEN])
{
	char hex[2 * ID_LEN + 1];

	hex_encode(id, ID_LEN, hex);
	snprintf(out, KEY_MAX, "%s/seg/%s", folder, hex);
}

void key_pin(char out[KEY_MAX], const char *folder, const char *name)
{
	snprintf(out, KEY_MAX, "%s/pin/%s", folder, name);
}

void key_floor(char out[KEY_MAX], const char *folder, uint64_t number)
{
	snprintf(out, KEY_MAX, "%s/floor/%016" PRIx64, folder, ~number);
}

static bool last_part(const char *key, uint64_t *out)
{
	const char *slash = strrchr(key, '/');
	uint8_t bytes[8];

	if (slash == NULL || strlen(slash + 1) != 16 || !hex_decode(slash + 1, 16, bytes))
		return false;
	*out = get_u64(bytes);
	return true;
}

static bool inverted_part(const char *key, uint64_t *out)
{
	uint64_t inverted;

	if (!last_part(key, &inverted))
		return false;
	*out = ~inverted;
	return true;
}

bool key_manifest_lsn(const char *key, uint64_t *lsn)
{
	return inverted_part(key, lsn);
}

bool key_slot_lsn(const char *key, uint64_t *lsn)
{
	return last_part(key, lsn);
}

bool key_floor_number(const char *key, uint64_t *number)
{
	return inverted_part(key, number);
}
