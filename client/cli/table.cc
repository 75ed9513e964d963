#include "client/cli/table.h"

#include <algorithm>
#include <utility>

#include "client/cli/text.h"
#include "client/cli/wrap.h"

namespace plumb::cli {
namespace {

constexpr size_t kBelowIndent = 4;
// What columns usually need to be worth reading.
constexpr size_t kWordsMin = 24;
constexpr size_t kNameMin = 24;
constexpr size_t kTitleMin = 12;

size_t UsualMin(Fit fit) { return fit == Fit::kEnd ? kTitleMin : fit == Fit::kWrap ? kWordsMin : kNameMin; }

// Lines of a cell that stands below its row.
std::string BelowLines(const Cell& cell, bool colours, size_t width) {
  std::string text;
  for (const std::string& line : WrapWords(cell.text, std::max(width, 2 * kBelowIndent) - kBelowIndent)) {
    text += std::string(kBelowIndent, ' ') + (colours ? Paint(line, cell.colour) : line) + "\n";
  }
  return text;
}

}  // namespace

std::string Paint(const std::string& text, Colour colour) {
  switch (colour) {
    case Colour::kNone:
      return text;
    case Colour::kBold:
      return "\x1b[1m" + text + "\x1b[0m";
    case Colour::kDim:
      return "\x1b[2m" + text + "\x1b[0m";
    case Colour::kRed:
      return "\x1b[31m" + text + "\x1b[0m";
    case Colour::kGreen:
      return "\x1b[32m" + text + "\x1b[0m";
    case Colour::kYellow:
      return "\x1b[33m" + text + "\x1b[0m";
  }
  return text;
}

void Table::AddRow(std::vector<Cell> cells) {
  for (Cell& cell : cells) cell.text = Sanitise(cell.text);
  rows_.push_back(std::move(cells));
}

bool Table::has_headers() const {
  return std::any_of(columns_.begin(), columns_.end(), [](const Column& column) { return !column.header.empty(); });
}

Fit Table::FitOf(size_t column) const {
  if (columns_[column].fit != Fit::kAuto) return columns_[column].fit;
  return column + 1 == columns_.size() ? Fit::kWrap : Fit::kWhole;
}

TableLayout Table::Layout(size_t width) const {
  std::vector<ColumnSize> sizes;
  for (size_t i = 0; i < columns_.size(); ++i) {
    const Column& column = columns_[i];
    ColumnSize size{.natural = DisplayWidth(column.header), .fit = FitOf(i), .drop = column.drop, .min = column.min};
    if (size.min == 0) size.min = UsualMin(size.fit);
    for (const std::vector<Cell>& row : rows_) size.natural = std::max(size.natural, DisplayWidth(row[i].text));
    sizes.push_back(size);
  }
  return LayOut(sizes, width);
}

std::vector<std::string> Table::CellLines(const std::string& text, size_t column, size_t width) const {
  switch (FitOf(column)) {
    case Fit::kWrap:
      return WrapWords(text, width);
    case Fit::kFront:
      return {TruncateFront(text, width)};
    case Fit::kMiddle:
      return {TruncateMiddle(text, width)};
    default:
      return {Truncate(text, width)};
  }
}

std::string Table::RenderRow(const std::vector<Cell>& cells, const TableLayout& layout, bool colours,
                             size_t width) const {
  const size_t last = cells.size() - 1;
  // A word that is wider than the last column and not than the line has a line of its own.
  const bool below = layout.last_below || (width > 0 && FitOf(last) == Fit::kWrap && last > 0 &&
                                           LongestWord(cells[last].text) > layout.widths[last]);
  std::vector<std::vector<std::string>> lines(cells.size());
  size_t height = 1;
  for (size_t i = 0; i < cells.size(); ++i) {
    if (!layout.shown[i] || (i == last && below)) continue;
    lines[i] = CellLines(cells[i].text, i, layout.widths[i]);
    height = std::max(height, lines[i].size());
  }
  std::string text;
  for (size_t at = 0; at < height; ++at) {
    std::string line;
    for (size_t i = 0; i < cells.size(); ++i) {
      if (!layout.shown[i] || (i == last && below)) continue;
      std::string piece = at < lines[i].size() ? lines[i][at] : "";
      std::string padding(layout.widths[i] - std::min(layout.widths[i], DisplayWidth(piece)), ' ');
      if (colours && !piece.empty()) piece = Paint(piece, cells[i].colour);
      line += columns_[i].align == Align::kRight ? padding + piece : piece + padding;
      line.append(kColumnGap, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  if (below && !cells[last].text.empty()) text += BelowLines(cells[last], colours, width);
  return text;
}

std::string Table::RenderStacked(const std::vector<Cell>& cells, bool colours, size_t width) const {
  std::string text;
  for (size_t i = 0; i < cells.size(); ++i) {
    if (cells[i].text.empty()) continue;
    std::string header = columns_[i].header.empty() || i == 0 ? "" : columns_[i].header + ": ";
    const size_t indent = i == 0 ? 0 : kBelowIndent;
    std::vector<std::string> lines = WrapWords(header + cells[i].text, std::max(width, 2 * indent) - indent);
    for (const std::string& line : lines) {
      text += std::string(indent, ' ') + (colours ? Paint(line, cells[i].colour) : line) + "\n";
    }
  }
  return text;
}

std::string Table::Render(bool colours, size_t width) const {
  if (rows_.empty()) return "";
  const TableLayout layout = Layout(width);
  std::string text;
  if (has_headers() && !layout.stacked) {
    std::vector<Cell> headers;
    for (const Column& column : columns_) headers.emplace_back(column.header, Colour::kDim);
    if (layout.last_below) headers.back().text.clear();
    text = RenderRow(headers, layout, colours, width);
  }
  for (const std::vector<Cell>& row : rows_) {
    text += layout.stacked ? RenderStacked(row, colours, width) : RenderRow(row, layout, colours, width);
  }
  return text;
}

}  // namespace plumb::cli
