#include "client/cli/table_layout.h"

#include <algorithm>

namespace plumb::cli {
namespace {

// A flexible column with fewer says nothing.
constexpr size_t kFloor = 10;

bool Flexible(const ColumnSize& column) { return column.fit != Fit::kWhole; }

// The least that a column takes with at least `min`, or what it has, for the flexible ones.
size_t Least(const ColumnSize& column, size_t min) {
  return Flexible(column) ? std::min(column.natural, min) : column.natural;
}

class Layouter {
 public:
  Layouter(const std::vector<ColumnSize>& columns, size_t width) : columns_(columns), width_(width) {
    layout_.shown.assign(columns.size(), true);
    layout_.widths.assign(columns.size(), 0);
  }

  TableLayout Run() {
    do {
      if (Share(/*floor=*/false)) return layout_;
    } while (DropOne());
    // A last column of words is better read below than in a narrow strip.
    if (columns_.size() > 1 && columns_.back().fit == Fit::kWrap) {
      layout_.last_below = true;
      if (Share(/*floor=*/true)) return layout_;
      layout_.last_below = false;
    }
    layout_.stacked = !Share(/*floor=*/true);
    return layout_;
  }

 private:
  bool Placed(size_t i) const { return layout_.shown[i] && !(layout_.last_below && i + 1 == columns_.size()); }

  // Leaves out the shown column that matters least; false when all that are left matter.
  bool DropOne() {
    size_t chosen = columns_.size();
    for (size_t i = 0; i < columns_.size(); ++i) {
      if (!layout_.shown[i] || columns_[i].drop <= 0) continue;
      if (chosen == columns_.size() || columns_[i].drop > columns_[chosen].drop) chosen = i;
    }
    if (chosen == columns_.size()) return false;
    layout_.shown[chosen] = false;
    layout_.widths[chosen] = 0;
    return true;
  }

  // Gives every placed column its least, and what is left to the flexible ones, the narrowest first. False when not
  // even the least fits.
  bool Share(bool floor) {
    size_t used = 0;
    size_t placed = 0;
    for (size_t i = 0; i < columns_.size(); ++i) {
      if (!Placed(i)) continue;
      layout_.widths[i] = Least(columns_[i], floor ? kFloor : columns_[i].min);
      used += layout_.widths[i];
      ++placed;
    }
    used += placed > 1 ? (placed - 1) * kColumnGap : 0;
    if (used > width_) return false;
    for (size_t left = width_ - used; left > 0 && WidenOne(); --left) {
    }
    return true;
  }

  bool WidenOne() {
    size_t chosen = columns_.size();
    for (size_t i = 0; i < columns_.size(); ++i) {
      if (!Placed(i) || layout_.widths[i] >= columns_[i].natural) continue;
      if (chosen == columns_.size() || layout_.widths[i] < layout_.widths[chosen]) chosen = i;
    }
    if (chosen == columns_.size()) return false;
    ++layout_.widths[chosen];
    return true;
  }

  const std::vector<ColumnSize>& columns_;
  const size_t width_;
  TableLayout layout_;
};

}  // namespace

TableLayout LayOut(const std::vector<ColumnSize>& columns, size_t width) {
  if (width > 0) return Layouter(columns, width).Run();
  TableLayout layout;
  layout.shown.assign(columns.size(), true);
  for (const ColumnSize& column : columns) layout.widths.push_back(column.natural);
  return layout;
}

}  // namespace plumb::cli
