#include "firmware-sim/report_pieces.h"

#include <math.h>
#include <string.h>

#include "firmware-sim/html.h"

void put_both(FILE *out, const char *en, const char *zh)
{
    html_put(out, zh);
    (void)fputc(' ', out);
    html_put(out, en);
}

void put_label(FILE *out, const struct label *label, const char *fallback)
{
    if (label->zh == NULL && label->en == NULL)
        html_put(out, fallback);
    if (label->zh != NULL)
        html_put(out, label->zh);
    if (label->zh != NULL && label->en != NULL)
        (void)fputc(' ', out);
    if (label->en != NULL)
        html_put(out, label->en);
}

void put_result(FILE *out, enum report_result result)
{
    switch (result) {
    case REPORT_PASSED:
        (void)fputs("<span class=\"ok\">✓ ", out);
        put_both(out, "passed", "合格");
        break;
    case REPORT_FAILED:
        (void)fputs("<span class=\"no\">✗ ", out);
        put_both(out, "failed", "不合格");
        break;
    case REPORT_SKIPPED:
        (void)fputs("<span class=\"sk\">– ", out);
        put_both(out, "not played", "未进行");
        break;
    }
    (void)fputs("</span>", out);
}

void put_result_of_device(FILE *out, const struct report_device *device)
{
    put_result(out, device->good ? REPORT_PASSED : REPORT_FAILED);
    if (device->waived_count == 0)
        return;
    (void)fprintf(out, " <span class=\"wv\">%zu ", device->waived_count);
    put_both(out, "waived", "项豁免");
    (void)fputs("</span>", out);
}

void put_reason(FILE *out, const struct report_point *point)
{
    if (point->waived[0] == '\0')
        put_both(out, "no reason given", "未说明理由");
    else
        html_put(out, point->waived);
}

void put_value(FILE *out, const char *value)
{
    double number;
    if (strcmp(value, "true") == 0)
        put_both(out, "yes", "是");
    else if (strcmp(value, "false") == 0)
        put_both(out, "no", "否");
    else if (text_to_number(value, &number) && fabs(number - round(number)) > 0)
        (void)fprintf(out, "%.5g", number);
    else
        html_put(out, value);
}
