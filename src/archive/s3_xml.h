/*
 * What S3 and STS answer is flat, machine-made XML: elements without attributes that matter, no CDATA, no comments.
 * So elements are found by their names; what else is there is passed over. Never used on anything else.
 */
#ifndef PRT_ARCHIVE_S3_XML_H
#define PRT_ARCHIVE_S3_XML_H

#include "base/arena.h"

/* The inner XML of the next element called `name` from *at on, which is moved behind it; NULL when there is none. */
const char *prt_s3_xml_next(prt_arena *arena, const char **at, const char *name);
/* The text of the first such element, without its entities; NULL when there is none. */
const char *prt_s3_xml_text(prt_arena *arena, const char *xml, const char *name);
/* A text with & < > escaped. */
const char *prt_s3_xml_escape(prt_arena *arena, const char *text);

#endif
