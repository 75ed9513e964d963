// Aligned columns.
#ifndef PLUMB_CLIENT_CLI_TABLE_H_
#define PLUMB_CLIENT_CLI_TABLE_H_

#include <cstddef>
#include <string>
#include <vector>

namespace plumb::cli {

enum class Colour { kNone, kBold, kDim, kRed, kGreen, kYellow };

// `text` between the escape sequences of `colour`.
std::string Paint(const std::string& text, Colour colour);

enum class Align { kLeft, kRight };

struct Column {
  std::string header;
  Align align = Align::kLeft;
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
  // when there are no rows. With `width` above 0 the last column is cut so that
  // lines fit, as far as that goes.
  std::string Render(bool colours, size_t width) const;

 private:
  bool has_headers() const;
  std::vector<size_t> Widths(size_t width) const;
  std::string RenderRow(const std::vector<Cell>& cells, const std::vector<size_t>& widths, bool colours) const;

  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace plumb::cli

#endif  // PLUMB_CLIENT_CLI_TABLE_H_
