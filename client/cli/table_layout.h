// How the columns of a table share a terminal's width.
#ifndef PLUMB_CLIENT_CLI_TABLE_LAYOUT_H_
#define PLUMB_CLIENT_CLI_TABLE_LAYOUT_H_

#include <cstddef>
#include <vector>

namespace plumb::cli {

// How a column gives way.
enum class Fit {
  kAuto,    // The last column as kWrap, any other as kWhole.
  kWhole,   // Not at all.
  kWrap,    // Goes on in further lines, broken at words.
  kEnd,     // Loses its end: a title.
  kFront,   // Loses its front: a path of folders.
  kMiddle,  // Loses its middle: names of files and tensors, whose ends say what they are.
};

// What is known of one column.
struct ColumnSize {
  size_t natural = 0;  // Columns of its widest cell, or header.
  Fit fit = Fit::kWhole;
  // Where the table does not fit, columns with a rank above 0 are left out, the greatest first, until those that are
  // left fit when each flexible one has at least `min` columns.
  int drop = 0;
  size_t min = 0;
};

// What a table does to fit.
struct TableLayout {
  // Of every column; 0 for one that is left out.
  std::vector<size_t> widths;
  std::vector<bool> shown;
  // The last column stands on lines of its own below each row.
  bool last_below = false;
  // Nothing else fits: each row becomes lines of header and value.
  bool stacked = false;
};

// Spaces between columns.
inline constexpr size_t kColumnGap = 2;

// `width` of 0 is without bound.
TableLayout LayOut(const std::vector<ColumnSize>& columns, size_t width);

}  // namespace plumb::cli

#endif  // PLUMB_CLIENT_CLI_TABLE_LAYOUT_H_
