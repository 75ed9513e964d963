#include "plumb/flax/flax_source.h"

#include <optional>
#include <set>
#include <utility>

#include "fmt/format.h"
#include "formats/flax/msgpack_reader.h"
#include "plumb/base/limits.h"
#include "plumb/base/path.h"
#include "plumb/base/quote.h"
#include "plumb/base/refuse.h"
#include "plumb/base/status.h"
#include "plumb/weights/unreadable_tensor.h"

namespace plumb {
namespace {

constexpr int8_t kArrayExtension = 1;
constexpr int8_t kComplexExtension = 2;
constexpr int8_t kScalarExtension = 3;
constexpr std::string_view kChunked = "__msgpack_chunked_array__";
constexpr uint64_t kTypeNameBytesMax = 32;

// NumPy's names of types, and JAX's.
std::optional<DType> TypeNamed(std::string_view name) {
  static constexpr std::pair<std::string_view, DType> kTypes[] = {
      {"float32", DType::kF32},
      {"float64", DType::kF64},
      {"float16", DType::kF16},
      {"bfloat16", DType::kBF16},
      {"V2", DType::kBF16},
      {"int8", DType::kI8},
      {"int16", DType::kI16},
      {"int32", DType::kI32},
      {"int64", DType::kI64},
      {"uint8", DType::kU8},
      {"uint16", DType::kU16},
      {"uint32", DType::kU32},
      {"uint64", DType::kU64},
      {"bool", DType::kBool},
      {"complex64", DType::kC64},
      {"complex128", DType::kC128},
      {"float8_e4m3fn", DType::kF8E4M3},
      {"float8_e5m2", DType::kF8E5M2},
  };
  for (const auto& [known, dtype] : kTypes) {
    if (name == known) return dtype;
  }
  return std::nullopt;
}

class FlaxReader {
 public:
  explicit FlaxReader(const ContainerInput& input) : input_(input), reader_(*input.bytes, 0, input.bytes->Size()) {}

  absl::StatusOr<std::unique_ptr<TensorSource>> Run() {
    parts_.format = "flax";
    parts_.files.push_back({input_.path, input_.bytes});
    PLUMB_RETURN_IF_ERROR(Visit("", 0));
    if (!reader_.AtEnd()) return RefusedFile(fmt::format("something follows the end, at byte {}", reader_.at()));
    return TensorSource::New(std::move(parts_));
  }

 private:
  absl::Status Visit(const std::string& name, uint64_t depth) {
    if (depth > limits::kJsonDepthMax)
      return RefusedFile(fmt::format("it is nested deeper than {}", limits::kJsonDepthMax));
    if (++values_ > limits::kDocumentNodesMax)
      return RefusedFile(fmt::format("more than {} values", limits::kDocumentNodesMax));
    PLUMB_ASSIGN_OR_RETURN(MsgpackItem item, reader_.Next());
    switch (item.kind) {
      case MsgpackKind::kMap:
        return VisitMap(item.size, name, depth);
      case MsgpackKind::kArray:
        for (uint64_t i = 0; i < item.size; ++i) {
          PLUMB_RETURN_IF_ERROR(Visit(Join(name, fmt::format("{}", i)), depth + 1));
        }
        return absl::OkStatus();
      case MsgpackKind::kExtension:
        return VisitExtension(item, name);
      default:
        return AddMetadata(item, name);
    }
  }

  absl::Status VisitMap(uint64_t pairs, const std::string& name, uint64_t depth) {
    std::set<std::string> keys;
    for (uint64_t i = 0; i < pairs; ++i) {
      PLUMB_ASSIGN_OR_RETURN(MsgpackItem item, reader_.Next());
      PLUMB_ASSIGN_OR_RETURN(std::string key, reader_.Text(item, limits::kTensorNameBytesMax));
      if (!keys.insert(key).second) return RefusedFile(fmt::format("the key {} occurs twice", QuoteForMessage(key)));
      if (i == 0 && key == kChunked) return VisitChunks(pairs, name);
      PLUMB_RETURN_IF_ERROR(Visit(Join(name, key), depth + 1));
    }
    return absl::OkStatus();
  }

  // An array, or a NumPy scalar: (shape, type's name, bytes) as MessagePack inside the extension.
  absl::StatusOr<SourceTensor> ReadArray(const MsgpackItem& item) {
    const uint64_t end = reader_.at() + item.size;
    MsgpackReader inner(*input_.bytes, reader_.at(), end);
    SourceTensor tensor;
    PLUMB_ASSIGN_OR_RETURN(MsgpackItem triple, inner.Next());
    if (triple.kind != MsgpackKind::kArray || triple.size != 3) return RefusedFile("an array is no triple");
    PLUMB_ASSIGN_OR_RETURN(MsgpackItem shape, inner.Next());
    if (shape.kind != MsgpackKind::kArray || shape.size > limits::kTensorRankMax)
      return RefusedFile("an array has no shape");
    for (uint64_t d = 0; d < shape.size; ++d) {
      PLUMB_ASSIGN_OR_RETURN(MsgpackItem size, inner.Next());
      if (size.kind != MsgpackKind::kUnsigned) return RefusedFile("an array's shape is not of sizes");
      tensor.shape.push_back(size.number);
    }
    PLUMB_ASSIGN_OR_RETURN(MsgpackItem type, inner.Next());
    PLUMB_ASSIGN_OR_RETURN(std::string type_name, inner.Text(type, kTypeNameBytesMax));
    const std::optional<DType> dtype = TypeNamed(type_name);
    if (dtype) tensor.dtype = *dtype;
    if (!dtype) unreadable_ = fmt::format("is of the type {}, which is not read", QuoteForMessage(type_name));
    PLUMB_ASSIGN_OR_RETURN(MsgpackItem bytes, inner.Next());
    if (bytes.kind != MsgpackKind::kBytes || inner.at() + bytes.size != end)
      return RefusedFile("an array's bytes do not end it");
    if (bytes.size > 0) tensor.ranges.push_back({0, inner.at(), end});
    PLUMB_RETURN_IF_ERROR(reader_.Skip(item.size));
    return tensor;
  }

  absl::Status VisitExtension(const MsgpackItem& item, const std::string& name) {
    if (item.extension == kComplexExtension) return reader_.Skip(item.size);
    if (item.extension != kArrayExtension && item.extension != kScalarExtension) {
      return RefusedFile(fmt::format("extension {} is none of Flax's", item.extension));
    }
    absl::StatusOr<SourceTensor> tensor = ReadArray(item);
    if (!tensor.ok()) return Annotate(tensor.status(), QuoteForMessage(name));
    tensor->name = name;
    Add(*std::move(tensor));
    return absl::OkStatus();
  }

  // Where ReadArray met a type that is not known.
  void Add(SourceTensor tensor) {
    if (tensor.name.empty()) tensor.name = "array";
    if (unreadable_.empty()) return parts_.tensors.push_back(std::move(tensor));
    NoteUnreadable({std::move(tensor.name), std::exchange(unreadable_, {})}, &parts_.notes);
  }

  // {kChunked: true, "shape": {"0": ...}, "chunks": {"0": array, ...}}, the first key read already.
  absl::Status VisitChunks(uint64_t pairs, const std::string& name) {
    PLUMB_ASSIGN_OR_RETURN(MsgpackItem mark, reader_.Next());
    if (mark.kind != MsgpackKind::kBool || pairs != 3) return RefusedFile("an array in pieces is not what Flax writes");
    SourceTensor whole = {.name = name};
    PLUMB_ASSIGN_OR_RETURN(uint64_t rank, Numbered("shape"));
    for (uint64_t i = 0; i < rank; ++i) {
      PLUMB_RETURN_IF_ERROR(Key(fmt::format("{}", i)));
      PLUMB_ASSIGN_OR_RETURN(MsgpackItem size, reader_.Next());
      if (size.kind != MsgpackKind::kUnsigned) return RefusedFile("an array's shape is not of sizes");
      whole.shape.push_back(size.number);
    }
    PLUMB_ASSIGN_OR_RETURN(uint64_t chunks, Numbered("chunks"));
    for (uint64_t i = 0; i < chunks; ++i) {
      PLUMB_RETURN_IF_ERROR(Key(fmt::format("{}", i)));
      PLUMB_ASSIGN_OR_RETURN(MsgpackItem item, reader_.Next());
      if (item.kind != MsgpackKind::kExtension || item.extension != kArrayExtension)
        return RefusedFile("a piece is no array");
      PLUMB_ASSIGN_OR_RETURN(SourceTensor piece, ReadArray(item));
      if (i > 0 && piece.dtype != whole.dtype) return RefusedFile("the pieces of an array are of several types");
      whole.dtype = piece.dtype;
      whole.ranges.insert(whole.ranges.end(), piece.ranges.begin(), piece.ranges.end());
    }
    Add(std::move(whole));
    return absl::OkStatus();
  }

  // The key `expected` and the map after it; its pairs.
  absl::StatusOr<uint64_t> Numbered(const std::string& expected) {
    PLUMB_RETURN_IF_ERROR(Key(expected));
    PLUMB_ASSIGN_OR_RETURN(MsgpackItem map, reader_.Next());
    if (map.kind != MsgpackKind::kMap || map.size > limits::kDocumentNodesMax)
      return RefusedFile("an array's pieces are no map");
    return map.size;
  }

  absl::Status Key(const std::string& expected) {
    PLUMB_ASSIGN_OR_RETURN(MsgpackItem item, reader_.Next());
    PLUMB_ASSIGN_OR_RETURN(std::string key, reader_.Text(item, limits::kTensorNameBytesMax));
    return key == expected ? absl::OkStatus() : RefusedFile("an array in pieces is not what Flax writes");
  }

  absl::Status AddMetadata(const MsgpackItem& item, const std::string& name) {
    switch (item.kind) {
      case MsgpackKind::kBool:
        return Add(name, item.number != 0);
      case MsgpackKind::kUnsigned:
        return Add(name, item.number);
      case MsgpackKind::kSigned:
        return Add(name, static_cast<int64_t>(item.number));
      case MsgpackKind::kReal:
        return Add(name, item.real);
      case MsgpackKind::kText: {
        PLUMB_ASSIGN_OR_RETURN(std::string text, reader_.Text(item, limits::kCardBytesMax));
        return IsValidUtf8(text) ? Add(name, std::move(text)) : absl::OkStatus();
      }
      case MsgpackKind::kBytes:
        return reader_.Skip(item.size);
      default:
        return absl::OkStatus();
    }
  }

  absl::Status Add(const std::string& name, MetadataValue value) {
    if (names_.insert(name).second) parts_.metadata.push_back({name, std::move(value), {}});
    return absl::OkStatus();
  }

  static std::string Join(const std::string& name, const std::string& part) {
    return name.empty() ? part : fmt::format("{}.{}", name, part);
  }

  const ContainerInput& input_;
  MsgpackReader reader_;
  TensorSourceParts parts_;
  std::set<std::string> names_;
  std::string unreadable_;  // Why the array that is being read cannot be given.
  uint64_t values_ = 0;
};

// A map of at least one pair whose first key is a short text of printable characters.
bool Recognises(const ContainerInput& input) {
  std::span<const uint8_t> head = input.head;
  if (head.empty()) return false;
  const size_t key = head[0] > 0x80 && head[0] < 0x90 ? 1 : head[0] == 0xde ? 3 : head[0] == 0xdf ? 5 : 0;
  if (key == 0 || head.size() <= key) return false;
  const bool long_text = head[key] == 0xd9 && head.size() > key + 1;
  if (!long_text && (head[key] <= 0xa0 || head[key] >= 0xc0)) return false;
  const size_t size = long_text ? head[key + 1] : head[key] & 31;
  const size_t begin = key + (long_text ? 2 : 1);
  if (head.size() < begin + size) return false;
  for (uint8_t c : head.subspan(begin, size)) {
    if (c < 0x20 || c > 0x7e) return false;
  }
  return true;
}

absl::StatusOr<std::unique_ptr<TensorSource>> Open(const ContainerInput& input) { return FlaxReader(input).Run(); }

}  // namespace

const ContainerFormat& FlaxFormat() {
  static constexpr ContainerFormat kFormat = {"flax", Recognises, Open};
  return kFormat;
}

}  // namespace plumb
