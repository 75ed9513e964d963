#include "formats/hdf5/helper/dataset.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "formats/hdf5/helper/attributes.h"
#include "formats/hdf5/helper/channel.h"
#include "formats/hdf5/helper/element_type.h"
#include "formats/hdf5/helper/handle.h"
#include "plumb/base/limits.h"

namespace plumb::hdf5 {
namespace {

class DatasetSender {
 public:
  DatasetSender(hid_t dataset, const std::string& path, uint64_t object)
      : dataset_(dataset),
        path_(path),
        object_(object),
        space_(H5Dget_space(dataset)),
        type_(H5Dget_type(dataset)),
        creation_(H5Dget_create_plist(dataset)) {}

  void Run() {
    if (!space_.valid() || !type_.valid() || !creation_.valid()) Fail("cannot be read");
    const H5D_layout_t layout = H5Pget_layout(creation_.get());
    if (layout == H5D_VIRTUAL) Wrong("is virtual: its data are in other files");
    if (H5Pget_external_count(creation_.get()) > 0) Wrong("has its data in other files");
    std::string why;
    const std::optional<ElementType> type = ElementTypeOf(type_.get(), TextAttribute(dataset_, "dtype"), &why);
    if (!type) return LeaveOut(why);
    const H5S_class_t space = H5Sget_simple_extent_type(space_.get());
    if (space == H5S_NULL) return LeaveOut("is empty: it has no shape");
    TakeShape();
    BeginFrame(*type);
    if (bytes_ == 0) return SendInline();
    switch (layout) {
      case H5D_COMPACT:
        return SendInline();
      case H5D_CONTIGUOUS:
        return SendContiguous();
      case H5D_CHUNKED:
        return SendChunked();
      default:
        Wrong("has a layout that is not known");
    }
  }

 private:
  [[noreturn]] void Wrong(const std::string& why) { Refuse("dataset '" + path_ + "' " + why); }
  [[noreturn]] void Fail(const std::string& why) { RefuseWithReason("dataset '" + path_ + "' " + why); }
  void LeaveOut(const std::string& why) { SendFrame(FrameKind::kLeftOut, Payload().Text(path_).Text(why).bytes()); }

  void TakeShape() {
    const int rank = H5Sget_simple_extent_ndims(space_.get());
    if (rank < 0 || rank > static_cast<int>(kRankMax)) Wrong("has too many dimensions");
    shape_.resize(static_cast<size_t>(rank));
    if (H5Sget_simple_extent_dims(space_.get(), shape_.data(), nullptr) < 0) Fail("has no shape");
    element_bytes_ = H5Tget_size(type_.get());
    bytes_ = element_bytes_;
    bool overflows = false, empty = false;
    for (hsize_t size : shape_) {
      empty |= size == 0;
      overflows |= size != 0 && __builtin_mul_overflow(bytes_, uint64_t{size}, &bytes_);
    }
    if (overflows) Wrong("has a shape that overflows 64 bits");
    if (empty) bytes_ = 0;
  }

  void BeginFrame(const ElementType& type) {
    frame_.Text(path_).U64(object_).U8(static_cast<uint8_t>(type.element)).U8(type.big_endian ? 1 : 0);
    frame_.U8(static_cast<uint8_t>(shape_.size()));
    for (hsize_t size : shape_) frame_.U64(size);
  }

  void Send(Layout layout, const Payload& rest) {
    frame_.U8(static_cast<uint8_t>(layout));
    SendFrame(FrameKind::kDataset, frame_.bytes() + rest.bytes());
  }

  void SendInline() {
    if (bytes_ > kInlineBytesMax) Wrong("has more bytes than a compact dataset can");
    std::string data(bytes_, '\0');
    if (bytes_ > 0 && H5Dread(dataset_, type_.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, data.data()) < 0) {
      Fail("cannot be read");
    }
    Send(Layout::kInline, Payload().Text(data));
  }

  void SendContiguous() {
    const haddr_t begin = H5Dget_offset(dataset_);
    if (begin == HADDR_UNDEF) return Send(Layout::kFill, Payload().Text(FillElement()));
    const hsize_t stored = H5Dget_storage_size(dataset_);
    if (stored != bytes_) {
      Wrong("is stored in " + std::to_string(stored) + " bytes, its shape needs " + std::to_string(bytes_));
    }
    Send(Layout::kContiguous, Payload().U64(begin));
  }

  std::string FillElement() {
    std::string element(element_bytes_, '\0');
    H5D_fill_value_t defined = H5D_FILL_VALUE_ERROR;
    if (H5Pfill_value_defined(creation_.get(), &defined) < 0) Fail("has no readable fill value");
    if (defined == H5D_FILL_VALUE_USER_DEFINED && H5Pget_fill_value(creation_.get(), type_.get(), element.data()) < 0) {
      Fail("has no readable fill value");
    }
    return element;
  }

  void AddFilters(Payload& rest) {
    unsigned options = 0;
    if (H5Pget_chunk_opts(creation_.get(), &options) < 0) Fail("has no readable chunk options");
    if ((options & H5D_CHUNK_DONT_FILTER_PARTIAL_CHUNKS) != 0)
      Wrong("has chunks at its edges that are stored otherwise");
    const int filters = H5Pget_nfilters(creation_.get());
    if (filters < 0 || filters > H5Z_MAX_NFILTERS) Fail("has no readable filters");
    rest.U8(static_cast<uint8_t>(filters));
    for (unsigned i = 0; i < static_cast<unsigned>(filters); ++i) {
      unsigned flags = 0, config = 0;
      unsigned first_value = 0;
      size_t values = 1;
      char name[64] = {};
      const H5Z_filter_t filter =
          H5Pget_filter2(creation_.get(), i, &flags, &values, &first_value, sizeof(name), name, &config);
      if (filter != H5Z_FILTER_DEFLATE && filter != H5Z_FILTER_SHUFFLE && filter != H5Z_FILTER_FLETCHER32) {
        Wrong("is packed by filter " + std::to_string(filter) + " (" + name +
              "); deflate, shuffle and fletcher32 are read");
      }
      if (filter == H5Z_FILTER_SHUFFLE && first_value != element_bytes_) {
        Wrong("is shuffled by " + std::to_string(first_value) + " bytes, its elements have " +
              std::to_string(element_bytes_));
      }
      rest.U8(static_cast<uint8_t>(filter));
    }
  }

  void SendChunked() {
    std::vector<hsize_t> chunk(shape_.size());
    if (H5Pget_chunk(creation_.get(), static_cast<int>(chunk.size()), chunk.data()) != static_cast<int>(chunk.size())) {
      Fail("has no readable chunks");
    }
    uint64_t grid = 1;
    for (size_t i = 0; i < chunk.size(); ++i) {
      if (chunk[i] == 0 || __builtin_mul_overflow(grid, (shape_[i] - 1) / chunk[i] + 1, &grid) ||
          grid > limits::kHdf5ChunksMax) {
        Wrong("is in more than " + std::to_string(limits::kHdf5ChunksMax) + " chunks, or in chunks of nothing");
      }
    }
    Payload rest;
    for (hsize_t size : chunk) rest.U64(size);
    AddFilters(rest);
    rest.Text(FillElement());
    Send(Layout::kChunked, rest);
    SendChunks(chunk, grid);
  }

  void SendChunks(const std::vector<hsize_t>& chunk, uint64_t grid) {
    constexpr size_t kBatchBytes = 256u << 10;
    std::vector<hsize_t> corner(shape_.size(), 0);
    Payload rows;
    for (uint64_t index = 0; index < grid; ++index) {
      unsigned skipped = 0;
      haddr_t begin = HADDR_UNDEF;
      hsize_t stored = 0;
      if (H5Dget_chunk_info_by_coord(dataset_, corner.data(), &skipped, &begin, &stored) < 0)
        Fail("has a broken chunk");
      if (begin != HADDR_UNDEF && stored > UINT32_MAX) Wrong("has a chunk of more than 4 GiB");
      if (begin != HADDR_UNDEF) rows.U64(index).U64(begin).U32(static_cast<uint32_t>(stored)).U32(skipped);
      if (rows.bytes().size() >= kBatchBytes) {
        SendFrame(FrameKind::kChunks, rows.bytes());
        rows.Clear();
      }
      for (size_t i = corner.size(); i-- > 0;) {
        corner[i] += chunk[i];
        if (corner[i] < shape_[i]) break;
        corner[i] = 0;
      }
    }
    if (!rows.bytes().empty()) SendFrame(FrameKind::kChunks, rows.bytes());
  }

  hid_t dataset_;
  const std::string& path_;
  uint64_t object_;
  Handle space_, type_, creation_;
  std::vector<hsize_t> shape_;
  uint64_t element_bytes_ = 0;
  uint64_t bytes_ = 0;
  Payload frame_;
};

}  // namespace

void SendDataset(hid_t dataset, const std::string& path, uint64_t object) {
  DatasetSender(dataset, path, object).Run();
}

}  // namespace plumb::hdf5
