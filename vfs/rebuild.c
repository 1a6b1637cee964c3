/*
 * rebuild.c - images of pages that are stored as what has changed against a base
 * Licence: MIT, see LICENSE.
 */
#include "vfs/rebuild.h"

#include <string.h>

struct image *image_of_stored(pgno_t pgno, const struct page_entry *entry, const uint8_t *stored,
			      uint32_t page_size)
{
	bool delta = page_is_delta(entry->encoding);
	struct image *image = image_new(delta ? entry->len : page_size);
	struct page_base base;

	if (image == NULL)
		return NULL;
	if (delta) {
		if (page_delta_base(entry, stored, page_size, &base)) {
			memcpy(image->data, stored, entry->len);
			return image;
		}
	} else if (page_decode(pgno, entry, stored, page_size, image->data)) {
		return image;
	}
	image_unref(image);
	return NULL;
}

bool delta_base(struct db *db, uint64_t holder, const struct page_entry *entry,
		const uint8_t *stored, uint32_t page_size, struct image_base *out)
{
	struct manifest_object in;
	struct page_base base;
	uint64_t object;

	if (!page_delta_base(entry, stored, page_size, &base))
		return false;
	/* what an object in origin k calls origin j is k + j */
	objects_get(&db->objects, holder, &in);
	uint32_t origin = (uint32_t)in.origin + base.object.origin;
	if (origin > objects_n_origins(&db->objects))
		return false;
	base.object.origin = (uint16_t)origin;
	if (!objects_add(&db->objects, &base.object, &object))
		return false;
	*out = (struct image_base){
		.object = object,
		.offset = base.entry.offset,
		.len = base.entry.len,
		.sum = base.entry.sum,
		.encoding = base.entry.encoding,
	};
	return true;
}

struct image *delta_image(pgno_t pgno, const struct page_entry *entry, const uint8_t *stored,
			  const struct image_base *base, const struct image *base_image,
			  uint32_t page_size)
{
	struct image *image = base_image->size == page_size ? image_new(page_size) : NULL;

	if (image == NULL)
		return NULL;
	if (!page_decode_delta(pgno, entry, stored, base_image->data, page_size, image->data)) {
		image_unref(image);
		return NULL;
	}
	image->base = *base;
	return image;
}

struct page_ref base_ref(const struct image_base *base)
{
	return (struct page_ref){
		.object = base->object,
		.offset = base->offset,
		.len = base->len,
		.sum = base->sum,
		.encoding = base->encoding,
	};
}
