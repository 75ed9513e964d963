#include "client/cli/table.h"

#include <algorithm>
#include <utility>

#include "client/cli/text.h"

namespace plumb::cli {
namespace {

constexpr size_t kGap = 2;
constexpr size_t kLastColumnMin = 8;

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

std::vector<size_t> Table::Widths(size_t width) const {
  std::vector<size_t> widths;
  for (const Column& column : columns_) widths.push_back(DisplayWidth(column.header));
  for (const std::vector<Cell>& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], DisplayWidth(row[i].text));
  }
  if (width == 0 || !has_headers()) return widths;
  size_t before = 0;
  for (size_t i = 0; i + 1 < widths.size(); ++i) before += widths[i] + kGap;
  size_t left = width > before ? width - before : 0;
  widths.back() = std::min(widths.back(), std::max(left, kLastColumnMin));
  return widths;
}

std::string Table::RenderRow(const std::vector<Cell>& cells, const std::vector<size_t>& widths, bool colours) const {
  std::string line;
  for (size_t i = 0; i < cells.size(); ++i) {
    std::string text = Truncate(cells[i].text, widths[i]);
    std::string padding(widths[i] - std::min(widths[i], DisplayWidth(text)), ' ');
    if (colours && !text.empty()) text = Paint(text, cells[i].colour);
    if (i > 0) line.append(kGap, ' ');
    line += columns_[i].align == Align::kRight ? padding + text : text + padding;
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

std::string Table::Render(bool colours, size_t width) const {
  if (rows_.empty()) return "";
  std::vector<size_t> widths = Widths(width);
  std::string text;
  if (has_headers()) {
    std::vector<Cell> headers;
    for (const Column& column : columns_) headers.emplace_back(column.header, Colour::kDim);
    text = RenderRow(headers, widths, colours);
  }
  for (const std::vector<Cell>& row : rows_) text += RenderRow(row, widths, colours);
  return text;
}

}  // namespace plumb::cli
