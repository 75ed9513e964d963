#include "formats/hdf5/helper/attributes.h"

#include <cstring>
#include <optional>
#include <vector>

#include "formats/hdf5/helper/channel.h"
#include "formats/hdf5/helper/handle.h"
#include "plumb/base/limits.h"

namespace plumb::hdf5 {
namespace {

struct Shape {
  bool list = false;
  size_t count = 0;
};

// Nothing for spaces without elements of their own (null) and for lists too long to say.
std::optional<Shape> ShapeOf(hid_t attribute, size_t element_bytes) {
  Handle space(H5Aget_space(attribute));
  const H5S_class_t kind = H5Sget_simple_extent_type(space.get());
  if (kind != H5S_SCALAR && kind != H5S_SIMPLE) return std::nullopt;
  const hssize_t count = H5Sget_simple_extent_npoints(space.get());
  if (count < 0 || element_bytes == 0) return std::nullopt;
  if (static_cast<uint64_t>(count) > limits::kConfigBytesMax / element_bytes) return std::nullopt;
  return Shape{kind == H5S_SIMPLE, static_cast<size_t>(count)};
}

std::vector<std::string> VariableTexts(hid_t attribute, hid_t type, size_t count) {
  std::vector<char*> read(count);
  if (count > 0 && H5Aread(attribute, type, read.data()) < 0) RefuseWithReason("an attribute cannot be read");
  std::vector<std::string> texts;
  for (char* text : read) texts.emplace_back(text == nullptr ? "" : text);
  if (count > 0) {
    Handle space(H5Aget_space(attribute));
    H5Dvlen_reclaim(type, space.get(), H5P_DEFAULT, read.data());
  }
  return texts;
}

std::vector<std::string> FixedTexts(hid_t attribute, hid_t type, size_t count) {
  const size_t size = H5Tget_size(type);
  std::vector<char> read(count * size);
  if (count > 0 && H5Aread(attribute, type, read.data()) < 0) RefuseWithReason("an attribute cannot be read");
  const bool spaces = H5Tget_strpad(type) == H5T_STR_SPACEPAD;
  std::vector<std::string> texts;
  for (size_t i = 0; i < count; ++i) {
    std::string text(read.data() + i * size, spaces ? size : strnlen(read.data() + i * size, size));
    while (spaces && text.ends_with(' ')) text.pop_back();
    texts.push_back(std::move(text));
  }
  return texts;
}

std::optional<std::vector<std::string>> TextsOf(hid_t attribute, hid_t type, size_t count) {
  if (H5Tget_class(type) != H5T_STRING) return std::nullopt;
  return H5Tis_variable_str(type) > 0 ? VariableTexts(attribute, type, count) : FixedTexts(attribute, type, count);
}

Payload Begin(const char* name, ValueKind kind, const Shape& shape) {
  Payload payload;
  payload.Text(name).U8(static_cast<uint8_t>(kind)).U8(shape.list ? 1 : 0).U32(static_cast<uint32_t>(shape.count));
  return payload;
}

void SendNumbers(hid_t attribute, const char* name, hid_t type, const Shape& shape) {
  const bool real = H5Tget_class(type) == H5T_FLOAT;
  const bool is_signed = !real && H5Tget_sign(type) == H5T_SGN_2;
  const hid_t native = real ? H5T_NATIVE_DOUBLE : is_signed ? H5T_NATIVE_INT64 : H5T_NATIVE_UINT64;
  std::vector<uint64_t> values(shape.count);
  if (shape.count > 0 && H5Aread(attribute, native, values.data()) < 0) {
    RefuseWithReason("an attribute cannot be read");
  }
  Payload payload = Begin(name, real ? ValueKind::kReal : is_signed ? ValueKind::kSigned : ValueKind::kUnsigned, shape);
  for (uint64_t value : values) payload.U64(value);
  SendFrame(FrameKind::kAttribute, payload.bytes());
}

herr_t SendOne(hid_t object, const char* name, const H5A_info_t*, void* path) {
  Handle attribute(H5Aopen(object, name, H5P_DEFAULT));
  Handle type(H5Aget_type(attribute.get()));
  if (!type.valid()) RefuseWithReason("an attribute of " + *static_cast<const std::string*>(path));
  const H5T_class_t kind = H5Tget_class(type.get());
  // Numbers are widened to eight bytes.
  const std::optional<Shape> shape =
      ShapeOf(attribute.get(), kind == H5T_STRING ? H5Tget_size(type.get()) : sizeof(uint64_t));
  if (!shape) return 0;
  if (std::optional<std::vector<std::string>> texts = TextsOf(attribute.get(), type.get(), shape->count)) {
    Payload payload = Begin(name, ValueKind::kText, *shape);
    for (const std::string& text : *texts) payload.Text(text);
    SendFrame(FrameKind::kAttribute, payload.bytes());
  } else if (kind == H5T_INTEGER || kind == H5T_FLOAT) {
    SendNumbers(attribute.get(), name, type.get(), *shape);
  }
  return 0;
}

}  // namespace

void SendAttributes(hid_t object, const std::string& path) {
  hsize_t at = 0;
  if (H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_INC, &at, SendOne, const_cast<std::string*>(&path)) < 0) {
    RefuseWithReason("the attributes of '" + path + "' cannot be read");
  }
}

std::string TextAttribute(hid_t object, const char* name) {
  if (H5Aexists(object, name) <= 0) return "";
  Handle attribute(H5Aopen(object, name, H5P_DEFAULT));
  Handle type(H5Aget_type(attribute.get()));
  if (!type.valid()) return "";
  const std::optional<Shape> shape = ShapeOf(attribute.get(), H5Tget_size(type.get()));
  if (!shape || shape->count != 1) return "";
  const std::optional<std::vector<std::string>> texts = TextsOf(attribute.get(), type.get(), 1);
  return texts ? texts->front() : "";
}

}  // namespace plumb::hdf5
