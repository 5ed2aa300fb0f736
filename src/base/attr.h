/* Compiler attributes, by one name each. */
#ifndef PRT_BASE_ATTR_H
#define PRT_BASE_ATTR_H

#define PRT_NODISCARD __attribute__((warn_unused_result))
#define PRT_PRINTF(text, args) __attribute__((format(printf, text, args)))

#endif
