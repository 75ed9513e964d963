#include "proto/wire/data_message.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>
#include <grpcpp/support/proto_buffer_reader.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace plumb::wire {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;
using google::protobuf::io::CodedOutputStream;

constexpr uint32_t kDataTag = (kDataField << 3) | WireFormatLite::WIRETYPE_LENGTH_DELIMITED;
// A message has few fields beside its data, and they are short.
constexpr size_t kFieldsBytesMax = 64u << 10;

// Appends a field's tag and value, as they came, to `fields`. False for what no message of ours holds.
bool CopyField(uint32_t tag, CodedInputStream* input, std::string* fields) {
  std::array<uint8_t, 20> head{};
  uint8_t* end = CodedOutputStream::WriteVarint32ToArray(tag, head.data());
  uint32_t length = 0;
  switch (WireFormatLite::GetTagWireType(tag)) {
    case WireFormatLite::WIRETYPE_VARINT: {
      uint64_t value = 0;
      if (!input->ReadVarint64(&value)) return false;
      end = CodedOutputStream::WriteVarint64ToArray(value, end);
      break;
    }
    case WireFormatLite::WIRETYPE_LENGTH_DELIMITED:
      if (!input->ReadVarint32(&length)) return false;
      end = CodedOutputStream::WriteVarint32ToArray(length, end);
      break;
    default:
      return false;
  }
  fields->append(reinterpret_cast<const char*>(head.data()), static_cast<size_t>(end - head.data()));
  if (fields->size() + length > kFieldsBytesMax) return false;
  size_t at = fields->size();
  fields->resize(at + length);
  return input->ReadRaw(fields->data() + at, static_cast<int>(length));
}

bool ReadData(size_t data_bytes_max, CodedInputStream* input, std::vector<uint8_t>* data) {
  uint32_t length = 0;
  if (!input->ReadVarint32(&length) || length > data_bytes_max) return false;
  data->clear();
  data->reserve(length);  // Appending does not clear the memory first, as resizing would.
  while (data->size() < length) {
    const void* piece = nullptr;
    int available = 0;
    if (!input->GetDirectBufferPointer(&piece, &available)) return false;
    size_t taken = std::min<size_t>(static_cast<size_t>(available), length - data->size());
    const auto* bytes = static_cast<const uint8_t*>(piece);
    data->insert(data->end(), bytes, bytes + taken);
    input->Skip(static_cast<int>(taken));
  }
  return true;
}

}  // namespace

grpc::Slice SliceOf(std::shared_ptr<const std::vector<uint8_t>> bytes) {
  auto* owner = new std::shared_ptr<const std::vector<uint8_t>>(std::move(bytes));
  auto release = [](void* held) { delete static_cast<std::shared_ptr<const std::vector<uint8_t>>*>(held); };
  return {const_cast<uint8_t*>((*owner)->data()), (*owner)->size(), release, owner};
}

grpc::Slice SliceOf(std::vector<uint8_t> bytes) {
  return SliceOf(std::make_shared<const std::vector<uint8_t>>(std::move(bytes)));
}

grpc::ByteBuffer WriteDataMessage(const google::protobuf::MessageLite& fields, grpc::Slice data) {
  std::string head = fields.SerializeAsString();
  if (data.size() > 0) {
    std::array<uint8_t, 10> tag{};
    uint8_t* end = CodedOutputStream::WriteVarint32ToArray(kDataTag, tag.data());
    end = CodedOutputStream::WriteVarint32ToArray(static_cast<uint32_t>(data.size()), end);
    head.append(reinterpret_cast<const char*>(tag.data()), static_cast<size_t>(end - tag.data()));
  }
  std::array<grpc::Slice, 2> slices{grpc::Slice(head), std::move(data)};
  return {slices.data(), slices.size()};
}

bool ReadDataMessage(grpc::ByteBuffer* message, size_t data_bytes_max, google::protobuf::MessageLite* fields,
                     std::vector<uint8_t>* data) {
  data->clear();
  std::string rest;
  if (message->Length() > 0) {
    grpc::ProtoBufferReader reader(message);
    if (!reader.status().ok()) return false;
    CodedInputStream input(&reader);
    while (uint32_t tag = input.ReadTag()) {
      bool read = tag == kDataTag ? ReadData(data_bytes_max, &input, data) : CopyField(tag, &input, &rest);
      if (!read) return false;
    }
    if (!input.ConsumedEntireMessage()) return false;
  }
  return fields->ParseFromString(rest);
}

}  // namespace plumb::wire
