/* nameplate: the codes on nameplates and certificates, and whether they can be what they are said to be. Pure.
 *
 * They are read off paper and typed by hand, so what does not look right is most often a slip; but older papers know other
 * forms, so that what calls these mostly warns. Forms: registration code, device code, use registration number, cylinder
 * registration code (TSG R5001), unified social credit code (GB 32100), area code (GB/T 2260), catalogue of special
 * equipment of 2014 and 2004. */
#ifndef OUTPOST_SITE_NAMEPLATE_H
#define OUTPOST_SITE_NAMEPLATE_H

#include <stdbool.h>

enum catalogue { CATALOGUE_2014, CATALOGUE_2004 };

/* 注册代码, 20: class 4, area 6, year and month 6, serial 4. "31103707242014080025" */
bool reg_cod_is_good(const char *code);
/* 设备代码, 17 to 20 letters and digits. */
bool dev_cod_is_good(const char *code);
/* 使用登记证编号, parentheses ASCII: "梯11鲁G00025(14)", or 20 letters and digits as it was before. */
bool use_cod_is_good(const char *code);
/* The first digit of the catalogue for the kind that begins a use_cod ("梯": '3'); '\0': it begins with none. */
char use_cod_kind(const char *code);
/* Its two characters for the variety ("11" of "梯11鲁…"); "" when it has no kind. Two characters of the code, not ended. */
const char *use_cod_variety(const char *code);
/* 气瓶使用登记代码: variety 1 (none where it is an LPG cylinder), province 2, filling unit 3, serial 6, its first a letter
 * after 999999. */
bool cylinder_code_is_good(const char *code);
/* 统一社会信用代码, with its check digit. */
bool uscc_is_good(const char *code);
/* The first two digits are those of a province. */
bool area_is_known(const char *code);
/* 4 digits or capital letters, the first one no zero. */
bool eqp_code_is_good(const char *code);
/* Whether a catalogue code, of a type ("3000"), sort ("3100") or variety ("3110"), or only its beginning, can be a device
 * of this class. Classes it does not know can be anything. */
bool eqp_code_fits(const char *code, enum catalogue catalogue, const char *class_id);
/* "2027-03-01", a day that there is. */
bool date_is_good(const char *text);
/* Digits with + - ( ) / and blanks between, 3 to 24 of them. */
bool phone_is_good(const char *text);

#endif
