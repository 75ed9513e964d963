// Aligned columns.
#ifndef PLUMB_CLIENT_CLI_TABLE_H_
#define PLUMB_CLIENT_CLI_TABLE_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "client/cli/table_layout.h"

namespace plumb::cli {

enum class Colour { kNone, kBold, kDim, kRed, kGreen, kYellow };

// `text` between the escape sequences of `colour`.
std::string Paint(const std::string& text, Colour colour);

enum class Align { kLeft, kRight };

// One column. What is not said is right for a column of short words or numbers, and for a last column of words:
// `{.header = "FILE", .fit = Fit::kMiddle}`.
struct Column {
  std::string header;
  Align align = Align::kLeft;
  Fit fit = Fit::kAuto;
  // 0 for a column that is always shown; where there is no room, columns with greater numbers go first.
  int drop = 0;
  // Columns that it has before another one is left out for it; 0 for what its `fit` usually needs.
  size_t min = 0;
};

// One field; its text may come from a stranger and is sanitised when the row is
// added.
struct Cell {
  Cell(std::string cell_text,
       Colour cell_colour = Colour::kNone)  // NOLINT: texts are cells.
      : text(std::move(cell_text)), colour(cell_colour) {}
  Cell(const char* cell_text) : text(cell_text) {}  // NOLINT
  std::string text;
  Colour colour = Colour::kNone;
};

// Rows under a line of headers; a table whose headers are all empty has no such
// line.
class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  // REQUIRES: as many cells as there are columns.
  void AddRow(std::vector<Cell> cells);
  bool empty() const { return rows_.empty(); }
  // The lines, each ending in a line feed and without trailing spaces; nothing
  // when there are no rows. With `width` above 0 no line is wider, down to 20: columns that may are left out and
  // shortened, words wrapped, and where that is not enough every row becomes several lines.
  std::string Render(bool colours, size_t width) const;

 private:
  bool has_headers() const;
  Fit FitOf(size_t column) const;
  TableLayout Layout(size_t width) const;
  std::vector<std::string> CellLines(const std::string& text, size_t column, size_t width) const;
  std::string RenderRow(const std::vector<Cell>& cells, const TableLayout& layout, bool colours, size_t width) const;
  std::string RenderStacked(const std::vector<Cell>& cells, bool colours, size_t width) const;

  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace plumb::cli

#endif  // PLUMB_CLIENT_CLI_TABLE_H_
