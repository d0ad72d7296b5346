/*
 * svg.c
 *		The document: its frame, its style, and the marks.
 *
 *		Colors are classes of one style sheet, the same in every picture, so that
 *		several can stand in one page; a media query gives those of dark pages.
 *		Width of text is estimated by the widths of DejaVu Sans, which is as wide
 *		as fonts of that kind are, so that what fits by it fits.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"

#include "chart/chart.h"

#define TITLE_SCALE 1.65		/* 16 px, bold, in widths of text of 12 */

/* Each color has at least 4.5 to 1 against its paper. */
static const char style[] =
"<style>"
".affinity{max-width:100%;height:auto}"
".affinity text{font:12px system-ui,-apple-system,\"Segoe UI\",Roboto,\"DejaVu Sans\",sans-serif;fill:#1f2328}"
".affinity .h{font-size:16px;font-weight:600}"
".affinity .m{fill:#57606a}"
".affinity .on{fill:#000}.affinity .off{fill:#fff}"
".affinity .p{fill:#fff}"
".affinity .g{stroke:#d0d7de}"
".affinity .x{stroke:#57606a;fill:none}"
".affinity .d{stroke-dasharray:2 3}"
".affinity .e{stroke:#57606a}"
".affinity .i{fill-opacity:.45}"
".affinity .l{fill:none;stroke-width:2}"
".affinity .b{fill-opacity:.18}"
".affinity .k{fill:none;stroke-opacity:.4}"
".affinity .f0{fill:#0969b8}.affinity .s0{stroke:#0969b8}"
".affinity .f1{fill:#b3470b}.affinity .s1{stroke:#b3470b}"
".affinity .f2{fill:#0b7a55}.affinity .s2{stroke:#0b7a55}"
".affinity .f3{fill:#8e44a3}.affinity .s3{stroke:#8e44a3}"
".affinity .f4{fill:#856100}.affinity .s4{stroke:#856100}"
".affinity .f5{fill:#b3123d}.affinity .s5{stroke:#b3123d}"
".affinity .f6{fill:#3a7283}.affinity .s6{stroke:#3a7283}"
".affinity .f7{fill:#5f6872}.affinity .s7{stroke:#5f6872}"
"@media(prefers-color-scheme:dark){"
".affinity text{fill:#e6edf3}"
".affinity .m{fill:#9da7b1}"
".affinity .on{fill:#000}.affinity .off{fill:#fff}"
".affinity .p{fill:#0d1117}"
".affinity .g{stroke:#30363d}"
".affinity .x, .affinity .e{stroke:#9da7b1}"
".affinity .f0{fill:#58a6ff}.affinity .s0{stroke:#58a6ff}"
".affinity .f1{fill:#ff9b57}.affinity .s1{stroke:#ff9b57}"
".affinity .f2{fill:#3fcf9f}.affinity .s2{stroke:#3fcf9f}"
".affinity .f3{fill:#d8a0e8}.affinity .s3{stroke:#d8a0e8}"
".affinity .f4{fill:#e0b84c}.affinity .s4{stroke:#e0b84c}"
".affinity .f5{fill:#ff7a93}.affinity .s5{stroke:#ff7a93}"
".affinity .f6{fill:#7cc4d8}.affinity .s6{stroke:#7cc4d8}"
".affinity .f7{fill:#9aa4ae}.affinity .s7{stroke:#9aa4ae}"
"}</style>";

/* DejaVu Sans, U+0020 to U+007E, in 2048ths of the size. */
static const uint16 widths[] = {
	651, 821, 942, 1716, 1303, 1946, 1597, 563, 799, 799, 1024, 1716, 651, 739,
	651, 690, 1303, 1303, 1303, 1303, 1303, 1303, 1303, 1303, 1303, 1303, 690,
	690, 1716, 1716, 1716, 1087, 2048, 1401, 1405, 1430, 1577, 1294, 1178, 1587,
	1540, 604, 604, 1343, 1141, 1767, 1532, 1612, 1235, 1612, 1423, 1300, 1251,
	1499, 1401, 2025, 1403, 1251, 1403, 799, 690, 799, 1716, 1024, 1024, 1255,
	1300, 1126, 1300, 1260, 721, 1300, 1298, 569, 569, 1186, 569, 1995, 1298,
	1253, 1300, 1300, 842, 1067, 803, 1298, 1212, 1675, 1212, 1212, 1075, 1303,
	690, 1303, 1716
};

/* The character that begins at a place, and how many bytes it has. */
static pg_wchar
character(const char *text, int *length)
{
	int			have = (int) strnlen(text, 4);

	*length = pg_utf_mblen((const unsigned char *) text);
	if (*length > have || !pg_utf8_islegal((const unsigned char *) text, *length))
	{
		*length = 1;			/* of a database of SQL_ASCII */
		return 0xfffd;
	}
	return utf8_to_unicode((const unsigned char *) text);
}

/* Zhe, Ef, Sha, Shcha, Yeru, Yu, in both cases. */
static bool
is_wide_cyrillic(pg_wchar c)
{
	pg_wchar	capital = c >= 0x430 && c < 0x450 ? c - 0x20 : c;

	return capital == 0x416 || capital == 0x424 || capital == 0x428 ||
		capital == 0x429 || capital == 0x42b || capital == 0x42e;
}

static double
character_width(pg_wchar c)
{
	if (is_wide_cyrillic(c))
		return 1.2 * CHART_FONT;
	if (c >= 0x20 && c < 0x20 + lengthof(widths))
		return widths[c - 0x20] / 2048.0 * CHART_FONT;
	return (c < 0x1100 ? 0.8 : c < 0x1f000 ? 1.0 : 1.4) * CHART_FONT;
}

/* In px. */
double
affinity_chart_text_width(const char *text)
{
	double		width = 0;
	int			length;

	for (; *text; text += length)
		width += character_width(character(text, &length));
	return width;
}

/* A text that is not wider: what is cut off is an ellipsis. */
char *
affinity_chart_fit(const char *text, double width)
{
	double		dots = character_width(0x2026);
	double		used = 0;
	int			keep = 0;
	int			length;

	if (affinity_chart_text_width(text) <= width)
		return pstrdup(text);
	for (int i = 0; text[i]; i += length)
	{
		used += character_width(character(text + i, &length));
		if (used + dots > width)
			break;
		keep = i + length;
	}
	while (keep > 0 && text[keep - 1] == ' ')
		keep--;
	return psprintf("%.*s\xe2\x80\xa6", keep, text);
}

/* The width of the widest of some texts, but not more than may be. */
double
affinity_chart_widest(int n, char *const *text, double most)
{
	double		widest = 0;

	for (int i = 0; i < n && widest < most; i++)
		if (text[i])
			widest = Max(widest, affinity_chart_text_width(text[i]));
	return Min(widest, most);
}

/* As XML has it, and as any encoding of a database can hold it. */
void
affinity_chart_escape(StringInfo svg, const char *text)
{
	bool		plain = GetDatabaseEncoding() == PG_UTF8;
	int			length;

	for (; *text; text += length)
	{
		pg_wchar	c = character(text, &length);

		if (c == '&')
			appendStringInfoString(svg, "&amp;");
		else if (c == '<')
			appendStringInfoString(svg, "&lt;");
		else if (c == '>')
			appendStringInfoString(svg, "&gt;");
		else if (c == '"')
			appendStringInfoString(svg, "&quot;");
		else if (c < 0x20)
			appendStringInfoChar(svg, ' ');
		else if (c < 0x7f)
			appendStringInfoChar(svg, (char) c);
		else if (c < 0xa0 || c == 0xfffe || c == 0xffff || c == 0xfffd)
			appendStringInfoString(svg, "&#xFFFD;");
		else if (plain)
			appendBinaryStringInfo(svg, text, length);
		else
			appendStringInfo(svg, "&#x%X;", (unsigned) c);
	}
}

/* What a pointer over a mark shows. */
void
affinity_chart_tip(StringInfo svg, const char *text)
{
	appendStringInfoString(svg, "<title>");
	affinity_chart_escape(svg, text);
	appendStringInfoString(svg, "</title>");
}

void
affinity_chart_text(StringInfo svg, const char *classes, double x, double y,
					ChartAnchor anchor, const char *text)
{
	static const char *const anchors[] = {
		"", " text-anchor=\"middle\"", " text-anchor=\"end\""
	};

	appendStringInfo(svg, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\"%s>",
					 classes, x, y, anchors[anchor]);
	affinity_chart_escape(svg, text);
	appendStringInfoString(svg, "</text>\n");
}

void
affinity_chart_rect(StringInfo svg, const char *classes, double x, double y,
					double width, double height, const char *tip)
{
	appendStringInfo(svg,
					 "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"",
					 classes, x, y, width, height);
	if (tip)
	{
		appendStringInfoChar(svg, '>');
		affinity_chart_tip(svg, tip);
		appendStringInfoString(svg, "</rect>\n");
	}
	else
		appendStringInfoString(svg, "/>\n");
}

void
affinity_chart_line(StringInfo svg, const char *classes, double x1, double y1,
					double x2, double y2)
{
	appendStringInfo(svg,
					 "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n",
					 classes, x1, y1, x2, y2);
}

/* The height of title and description, with the margin above them. */
double
affinity_chart_head(const ChartFrame *frame)
{
	return CHART_MARGIN + (frame->title ? 24 : 0) +
		(frame->description ? CHART_LINE + 4 : 0);
}

/*
 * Up to the title and the description, which readers of screens are told with
 * a summary of what there is to see.
 */
void
affinity_chart_open(StringInfo svg, const ChartFrame *frame, double height,
					const char *kind, const char *summary)
{
	double		room = frame->width - 2 * CHART_MARGIN;
	double		y = CHART_MARGIN;
	const char *title = frame->title ? frame->title : kind;
	uint32		id = DatumGetUInt32(hash_any((const unsigned char *) title,
											 (int) strlen(title)));

	id = hash_combine(id, DatumGetUInt32(hash_any((const unsigned char *) summary,
												  (int) strlen(summary))));
	initStringInfo(svg);
	appendStringInfo(svg,
					 "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"affinity\" role=\"img\""
					 " aria-labelledby=\"t%08x d%08x\" width=\"%.0f\" height=\"%.0f\" viewBox=\"0 0 %.0f %.0f\">\n"
					 "<title id=\"t%08x\">", id, id, frame->width, height,
					 frame->width, height, id);
	affinity_chart_escape(svg, title);
	appendStringInfo(svg, "</title>\n<desc id=\"d%08x\">", id);
	if (frame->description)
	{
		affinity_chart_escape(svg, frame->description);
		appendStringInfoChar(svg, ' ');
	}
	affinity_chart_escape(svg, summary);
	appendStringInfo(svg, "</desc>\n%s\n", style);
	affinity_chart_rect(svg, "p", 0, 0, frame->width, height, NULL);
	if (frame->title)
	{
		affinity_chart_text(svg, "h", CHART_MARGIN, y + 14, CHART_START,
							affinity_chart_fit(frame->title,
											   room / TITLE_SCALE));
		y += 24;
	}
	if (frame->description)
		affinity_chart_text(svg, "m", CHART_MARGIN, y + 12, CHART_START,
							affinity_chart_fit(frame->description, room));
}

Datum
affinity_chart_close(StringInfo svg)
{
	text	   *result;

	appendStringInfoString(svg, "</svg>");
	result = cstring_to_text_with_len(svg->data, svg->len);
	pfree(svg->data);
	return PointerGetDatum(result);
}

/* The picture of no rows. */
Datum
affinity_chart_empty(const ChartFrame *frame, const char *kind)
{
	StringInfoData svg;
	double		head = affinity_chart_head(frame);

	affinity_chart_open(&svg, frame, head + 80, kind, "No data.");
	affinity_chart_text(&svg, "m", frame->width / 2, head + 36, CHART_MIDDLE,
						"no data");
	return affinity_chart_close(&svg);
}
