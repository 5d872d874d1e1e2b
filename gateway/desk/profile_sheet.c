#include "gateway/desk/profile_sheet.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "gateway/base/check.h"
#include "gateway/site/point.h"

/* --- the words of one cell ------------------------------------------------------------------------------------------ */

static const char *byte_word(enum byte_half byte)
{
    return byte == BYTE_HIGH ? "hi" : byte == BYTE_LOW ? "lo" : "";
}

/* "holding 0x000A lo bits 3..5 = 4" */
static void put_part(struct text *to, const struct register_part *part, int64_t base)
{
    text_put_format(to, "%" PRId64, base + part->address);
    if (part->byte != BYTE_BOTH)
        text_put_format(to, " %s", byte_word(part->byte));
    if (part->bit_count == 1)
        text_put_format(to, " bit %d", part->bit_first);
    else if (part->bit_count > 1)
        text_put_format(to, " bits %d-%d", part->bit_first, part->bit_first + part->bit_count - 1);
}

static void put_bits(struct text *to, const struct slave_point *point)
{
    text_put(to, byte_word(point->byte));
    if (point->raw == RAW_BITS || (point->raw == RAW_BIT && point->function >= FUNCTION_HOLDING)) {
        text_put_format(to, "%s%d", to->used > 0 ? " " : "", point->bit_first);
        if (point->bit_count > 1)
            text_put_format(to, "-%d", point->bit_first + point->bit_count - 1);
    }
}

static void put_type(struct text *to, const struct profile_point *row)
{
    text_put(to, row->type);
    if (row->point.raw == RAW_STRING)
        text_put_format(to, " %d", 2 * row->point.register_count);
    else if (row->point.register_count > 1)
        text_put_format(to, " %s", profile_order_name(row->point.order));
}

/* "× 0.1 - 50" */
static void put_scale(const struct paper *paper, struct text *to, const struct slave_point *point, int64_t base)
{
    if (point->scale < 1 || point->scale > 1) {
        text_put(to, tongue_sign(&paper->tongue, "× ", "* "));
        text_put_number(to, point->scale, false);
    }
    if (point->offset < 0 || point->offset > 0) {
        text_put(to, to->used > 0 ? " " : "");
        text_put(to, point->offset < 0 ? "- " : "+ ");
        text_put_number(to, point->offset < 0 ? -point->offset : point->offset, false);
    }
    if (!point->has_scale_from)
        return;
    text_put(to, to->used > 0 ? "; " : "");
    text_put(to, tongue_pick(&paper->tongue, "decimals in ", "小数位在 "));
    put_part(to, &point->scale_from, base);
    for (size_t i = 0; i < point->decimals_count; i++)
        text_put_format(to, "%s%" PRId64 "=%d", i > 0 ? ", " : " (", point->decimals[i].raw,
                        point->decimals[i].decimals);
    text_put(to, point->decimals_count > 0 ? ")" : "");
}

static void put_map(struct text *to, const struct profile_point *row)
{
    if (row->map_system[0] != '\0') {
        text_put(to, row->map_system);
        return;
    }
    for (size_t i = 0; i < row->point.map_count; i++)
        text_put_format(to, "%s%" PRId64 "=%s", i > 0 ? ", " : "", row->point.map[i].raw,
                        row->point.codes[row->point.map[i].code].id);
}

static void put_sentinels(struct text *to, const struct slave_point *point)
{
    for (size_t i = 0; i < point->invalid_count; i++) {
        text_put(to, i > 0 ? ", " : "");
        if (isfinite(point->invalid[i]))
            text_put_number(to, point->invalid[i], false);
        else
            text_put(to, "nan");
    }
    if (!point->has_valid)
        return;
    text_put_format(to, "%s< ", point->invalid_count > 0 ? ", " : "");
    text_put_number(to, point->valid_low, false);
    text_put(to, ", > ");
    text_put_number(to, point->valid_high, false);
}

static void put_only_if(struct text *to, const struct slave_point *point, int64_t base)
{
    if (!point->has_only_if)
        return;
    put_part(to, &point->only_if, base);
    text_put_format(to, " = %" PRId64, point->only_if_equals);
}

/* Any register can be written; that is worth a word where the profile limits it, or where it is a coil, of a device that may
 * be written at all. */
static void put_write(struct text *to, const struct profile_point *row, const struct device_class *class)
{
    double const raws = (row->write_maximum - row->write_minimum) / fabs(row->point.scale);
    bool const is_any = raws > UINT16_MAX - 0.5;
    if (!row->is_writable || is_any || (class != NULL && class->never_written))
        return;
    text_put_number(to, row->write_minimum, false);
    text_put(to, " .. ");
    text_put_number(to, row->write_maximum, false);
}

/* --- one register --------------------------------------------------------------------------------------------------- */

static const struct column point_columns[] = {
    {"id", "point", "点", CELL_CODE, FOR_ALL},
    {"function", "function", "功能", CELL_TEXT, FOR_ALL},
    {"address", "address", "地址", CELL_NUMBER, FOR_ALL},
    {"hex", "hex", "十六进制", CELL_CODE, FOR_PEOPLE},
    {"reference", "reference", "手册地址", CELL_TEXT, FOR_ALL},
    {"registers", "registers", "寄存器数", CELL_NUMBER, FORM_JSON},
    {"type", "type", "类型", CELL_CODE, FOR_ALL},
    {"bits", "bits", "位", CELL_TEXT, FOR_ALL},
    {"", "scale", "换算", CELL_TEXT, FOR_PEOPLE},
    {"scale", "", "", CELL_NUMBER, FORM_JSON},
    {"offset", "", "", CELL_NUMBER, FORM_JSON},
    {"unit", "unit", "单位", CELL_CODE, FOR_ALL},
    {"map", "codes", "代码", CELL_TEXT, FOR_ALL},
    {"invalid", "no value when", "无效值", CELL_TEXT, FOR_ALL},
    {"only_if", "only if", "仅当", CELL_TEXT, FOR_ALL},
    {"repeat", "repeated", "重复", CELL_TEXT, FOR_ALL},
    {"poll", "poll", "轮询", CELL_TEXT, FOR_ALL},
    {"write", "may be written", "可写", CELL_TEXT, FOR_ALL},
    {"zh", "中文", "中文", CELL_TEXT, FORM_MARKDOWN | FORM_JSON},
    {"en", "English", "English", CELL_TEXT, FORM_MARKDOWN | FORM_JSON},
    {"", "what it is", "名称", CELL_TEXT, FORM_TEXT},
    {"note_zh", "说明", "说明", CELL_TEXT, FORM_MARKDOWN | FORM_JSON},
    {"note_en", "note", "note", CELL_TEXT, FORM_MARKDOWN | FORM_JSON},
    {"", "note", "说明", CELL_TEXT, FORM_TEXT},
};

/* Coils 0xxxx, discrete inputs 1xxxx, input registers 3xxxx, holding registers 4xxxx, counted from 1; six digits where five do
 * not reach. */
static void put_reference(struct sheet *sheet, enum function function, int64_t address)
{
    static const int tables[] = {
        [FUNCTION_COIL] = 0, [FUNCTION_DISCRETE] = 1, [FUNCTION_INPUT] = 3, [FUNCTION_HOLDING] = 4};
    sheet_put_format(sheet, address < 9999 ? "%d%04" PRId64 : "%d%05" PRId64, tables[function], address + 1);
}

static void put_repeat(struct sheet *sheet, const struct profile_repeat *repeat)
{
    if (repeat->count == 0)
        sheet_put(sheet, "");
    else
        sheet_put_format(sheet, "%d, +%d", repeat->count, repeat->step);
}

static void put_row(const struct paper *paper, struct sheet *sheet, const struct profile_point *row,
                    const struct profile *profile)
{
    int64_t const base = profile->base;
    const struct slave_point *point = &row->point;
    int64_t const address = base + point->address;
    sheet_put(sheet, row->id);
    sheet_put(sheet, profile_function_name(point->function));
    sheet_put_format(sheet, "%" PRId64, address);
    sheet_put_format(sheet, "0x%04" PRIX64, (uint64_t)address);
    put_reference(sheet, point->function, address);
    sheet_put_format(sheet, "%d", point->register_count);
    put_type(sheet_begin(sheet), row);
    sheet_end(sheet);
    put_bits(sheet_begin(sheet), point);
    sheet_end(sheet);
    put_scale(paper, sheet_begin(sheet), point, base);
    sheet_end(sheet);
    sheet_put_number(sheet, point->scale);
    sheet_put_number(sheet, point->offset);
    sheet_put(sheet, point->unit);
    put_map(sheet_begin(sheet), row);
    sheet_end(sheet);
    put_sentinels(sheet_begin(sheet), point);
    sheet_end(sheet);
    put_only_if(sheet_begin(sheet), point, base);
    sheet_end(sheet);
    put_repeat(sheet, &row->repeat);
    sheet_put(sheet, poll_names[point->poll]);
    put_write(sheet_begin(sheet), row, profile->class);
    sheet_end(sheet);
    sheet_put(sheet, point->zh);
    sheet_put(sheet, point->en);
    sheet_put(sheet, tongue_label(&paper->tongue, point->en, point->zh));
    sheet_put(sheet, row->note[LANGUAGE_ZH]);
    sheet_put(sheet, row->note[LANGUAGE_EN]);
    sheet_put(sheet, tongue_label(&paper->tongue, row->note[LANGUAGE_EN], row->note[LANGUAGE_ZH]));
}

/* --- the whole ------------------------------------------------------------------------------------------------------ */

static void put_link(struct text *to, const struct profile *profile)
{
    if (profile->baud > 0)
        text_put_format(to, "%" PRId64 "%s", profile->baud, profile->format[0] != '\0' ? " " : "");
    text_put(to, profile->format);
}

static void put_identity(struct text *to, const struct profile *profile)
{
    if (!profile->has_identity)
        return;
    text_put_format(to, "%s ", profile_function_name(profile->identity_function));
    put_part(to, &profile->identity, profile->base);
    text_put_format(to, " = %" PRId64, profile->identity_equals);
}

static void put_freeze(struct text *to, const struct profile *profile)
{
    if (profile->freeze_point[0] != '\0')
        text_put_format(to, "%s, %" PRId64 " ms", profile->freeze_point, profile->freeze_after_ms);
}

static void put_watchdog(struct text *to, const struct profile *profile)
{
    if (profile->watchdog_point[0] != '\0')
        text_put_format(to, "%s, %" PRId64 " ms: %s", profile->watchdog_point, profile->watchdog_after_ms,
                        profile->watchdog_fail ? "true" : "false");
}

static void put_base(struct text *to, const struct profile *profile)
{
    if (profile->base_from_site)
        text_put(to, "site");
    else if (profile->base != 0)
        text_put_format(to, "%" PRId64, profile->base);
}

static void put_whole(struct sheet *sheet, int64_t number)
{
    if (number > 0)
        sheet_put_format(sheet, "%" PRId64, number);
    else
        sheet_put(sheet, "");
}

/* What is said once for the whole profile. */
static const struct column fact_columns[] = {
    {"profile", "profile", "型号文件", CELL_CODE, FOR_ALL},
    {"class", "class", "类别", CELL_CODE, FOR_ALL},
    {"vendor", "vendor", "厂家", CELL_TEXT, FOR_ALL},
    {"model", "model", "型号", CELL_TEXT, FOR_ALL},
    {"zh", "", "", CELL_TEXT, FORM_JSON},
    {"en", "", "", CELL_TEXT, FORM_JSON},
    {"evidence", "evidence", "依据", CELL_TEXT, FOR_ALL},
    {"source", "source", "来源", CELL_TEXT, FOR_ALL},
    {"link", "serial line", "串口", CELL_TEXT, FOR_ALL},
    {"guard", "silence after an answer", "应答后间隔", CELL_TEXT, FOR_ALL},
    {"max_count", "registers in one read at most", "一次最多读寄存器", CELL_NUMBER, FOR_ALL},
    {"max_gap", "of them unused at most", "其中最多跨空位", CELL_NUMBER, FOR_ALL},
    {"base", "added to all addresses", "地址基数", CELL_TEXT, FOR_ALL},
    {"identity", "recognised by", "识别", CELL_TEXT, FOR_ALL},
    {"freeze", "frozen when this stands still", "此点不变即冻结", CELL_TEXT, FOR_ALL},
    {"watchdog", "all coils fall to this when that is not written", "此点未写则全部输出变为", CELL_TEXT, FOR_ALL},
    {"channels", "channels", "通道", CELL_NUMBER, FOR_ALL},
    {"note_zh", "", "", CELL_TEXT, FORM_JSON},
    {"note_en", "", "", CELL_TEXT, FORM_JSON},
    {"file", "file", "文件", CELL_TEXT, FORM_TEXT | FORM_JSON},
};

static void put_facts(struct paper *paper, const struct profile *profile)
{
    struct sheet sheet;
    sheet_open(&sheet, fact_columns, ARRAY_SIZE(fact_columns));
    sheet_put(&sheet, profile->name);
    sheet_put(&sheet, profile->class != NULL ? profile->class->id : "");
    sheet_put(&sheet, profile->vendor);
    sheet_put(&sheet, profile->model);
    sheet_put(&sheet, profile->label[LANGUAGE_ZH]);
    sheet_put(&sheet, profile->label[LANGUAGE_EN]);
    sheet_put(&sheet, profile->evidence);
    sheet_put(&sheet, profile->source);
    put_link(sheet_begin(&sheet), profile);
    sheet_end(&sheet);
    sheet_put_duration(&sheet, profile->guard_ms);
    put_whole(&sheet, profile->count_max);
    put_whole(&sheet, profile->gap_max);
    put_base(sheet_begin(&sheet), profile);
    sheet_end(&sheet);
    put_identity(sheet_begin(&sheet), profile);
    sheet_end(&sheet);
    put_freeze(sheet_begin(&sheet), profile);
    sheet_end(&sheet);
    put_watchdog(sheet_begin(&sheet), profile);
    sheet_end(&sheet);
    put_whole(&sheet, profile->channels);
    sheet_put(&sheet, profile->note[LANGUAGE_ZH]);
    sheet_put(&sheet, profile->note[LANGUAGE_EN]);
    sheet_put(&sheet, profile->file);
    paper_facts(paper, &sheet);
}

/* Its label; "Honeywell Sensepoint XCD" where it has none. */
static void put_title(struct paper *paper, const struct profile *profile)
{
    const char *en = profile->label[LANGUAGE_EN];
    const char *zh = profile->label[LANGUAGE_ZH];
    char buffer[512];
    if (en[0] == '\0' && zh[0] == '\0') {
        (void)snprintf(buffer, sizeof buffer, "%s %s", profile->vendor, profile->model);
        en = zh = buffer;
    }
    paper_heading(paper, 1, en[0] != '\0' ? en : zh, zh[0] != '\0' ? zh : en);
}

void profile_sheet_put(struct paper *paper, const struct profile *profile)
{
    struct sheet sheet;
    sheet_open(&sheet, point_columns, ARRAY_SIZE(point_columns));
    for (size_t i = 0; i < profile->point_count; i++)
        put_row(paper, &sheet, &profile->points[i], profile);
    put_title(paper, profile);
    put_facts(paper, profile);
    paper_remark(paper, profile->note[LANGUAGE_EN], profile->note[LANGUAGE_ZH]);
    paper_table(paper, "points", "Registers", "寄存器表", &sheet);
}
