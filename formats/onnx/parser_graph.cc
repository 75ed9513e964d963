#include "fmt/format.h"
#include "formats/onnx/parser_scope.h"

namespace plumb::onnx {
namespace {

std::string_view Domain(std::string_view domain) { return domain == "ai.onnx" ? std::string_view() : domain; }

// A domain that is named again has the version named last, as ONNX Runtime has it: tools that merge models write each
// part's.
void AddOpset(OnnxOpset opset, std::vector<OnnxOpset>& opsets) {
  for (OnnxOpset& known : opsets) {
    if (known.domain == opset.domain) return (void)(known = opset);
  }
  opsets.push_back(opset);
}

}  // namespace

OnnxModelProto Parser::Model(std::span<const uint8_t> bytes) {
  OnnxModelProto model;
  WireReader reader(bytes);
  WireField field;
  bool has_graph = false;
  while (status_.ok() && reader.Next(field)) {
    switch (field.number) {
      case 1:
        model.ir_version = Int(field);
        break;
      case 2:
        model.producer = Text(field);
        break;
      case 7:
        if (has_graph) Fail("the model has two graphs");
        has_graph = true;
        model.graph = Graph(Bytes(field));
        break;
      case 8:
        AddOpset(Opset(Bytes(field)), model.opsets);
        break;
      case 14:
        model.metadata.push_back(Metadata(Bytes(field)));
        break;
      case 25:
        model.functions.push_back(Function(Bytes(field)));
        break;
      default:
        break;
    }
  }
  Finish(reader, "ModelProto");
  if (!has_graph) Fail("the model has no graph");
  if (model.opsets.empty()) Fail("the model names no operator set");
  return model;
}

OnnxGraph Parser::Graph(std::span<const uint8_t> bytes) {
  OnnxGraph graph;
  Scope scope(*this);
  if (!scope) return graph;
  WireReader reader(bytes);
  WireField field;
  while (status_.ok() && reader.Next(field)) {
    switch (field.number) {
      case 1:
        graph.nodes.push_back(Node(Bytes(field)));
        break;
      case 2:
        graph.name = Text(field);
        break;
      case 5:
        graph.initializers.push_back(Tensor(Bytes(field)));
        break;
      case 11:
        graph.inputs.push_back(ValueInfo(Bytes(field)));
        break;
      case 12:
        graph.outputs.push_back(ValueInfo(Bytes(field)));
        break;
      case 13:
        graph.value_info.push_back(ValueInfo(Bytes(field)));
        break;
      case 15:
        graph.sparse_initializers.push_back(SparseTensor(Bytes(field)));
        break;
      default:
        break;
    }
  }
  Finish(reader, "GraphProto");
  return graph;
}

OnnxNode Parser::Node(std::span<const uint8_t> bytes) {
  OnnxNode node;
  Scope scope(*this);
  if (!scope) return node;
  WireReader reader(bytes);
  WireField field;
  while (status_.ok() && reader.Next(field)) {
    switch (field.number) {
      case 1:
        node.inputs.push_back(Text(field));
        break;
      case 2:
        node.outputs.push_back(Text(field));
        break;
      case 3:
        node.name = Text(field);
        break;
      case 4:
        node.op_type = Text(field);
        break;
      case 5:
        node.attributes.push_back(Attribute(Bytes(field)));
        break;
      case 7:
        node.domain = Domain(Text(field));
        break;
      default:
        break;
    }
  }
  Finish(reader, "NodeProto");
  return node;
}

OnnxAttribute Parser::Attribute(std::span<const uint8_t> bytes) {
  OnnxAttribute attribute;
  Scope scope(*this);
  if (!scope) return attribute;
  WireReader reader(bytes);
  WireField field;
  while (status_.ok() && reader.Next(field)) AttributeValue(field, attribute);
  Finish(reader, "AttributeProto");
  CheckAttribute(attribute);
  return attribute;
}

void Parser::AttributeValue(const WireField& field, OnnxAttribute& attribute) {
  auto text = [&] {
    std::span<const uint8_t> bytes = Bytes(field);
    return std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  };
  switch (field.number) {
    case 1:
      attribute.name = Text(field);
      return;
    case 2:
      attribute.f = Float(field);
      return;
    case 3:
      attribute.i = Int(field);
      return;
    case 4:
      attribute.s = text();
      return;
    case 5:
      attribute.tensor = std::make_shared<OnnxTensor>(Tensor(Bytes(field)));
      return;
    case 6:
      attribute.graph = std::make_shared<OnnxGraph>(Graph(Bytes(field)));
      return;
    case 7:
      return Floats(field, attribute.floats);
    case 8:
      return Ints(field, attribute.ints);
    case 9:
      attribute.strings.push_back(text());
      return;
    case 20:
      attribute.type = static_cast<OnnxAttribute::Type>(static_cast<int32_t>(Int(field)));
      return;
    case 21:
      attribute.reference = Text(field);
      return;
    case 22:
      attribute.sparse_tensor = std::make_shared<OnnxSparseTensor>(SparseTensor(Bytes(field)));
      return;
    default:
      return;
  }
}

void Parser::CheckAttribute(OnnxAttribute& attribute) {
  using Type = OnnxAttribute::Type;
  if (!attribute.reference.empty()) return;
  if (attribute.type == Type::kUndefined) {  // IR version 1 did not say; what is there tells.
    attribute.type = attribute.tensor            ? Type::kTensor
                     : attribute.graph           ? Type::kGraph
                     : !attribute.ints.empty()   ? Type::kInts
                     : !attribute.floats.empty() ? Type::kFloats
                                                 : Type::kUndefined;
  }
  const bool missing = (attribute.type == Type::kTensor && !attribute.tensor) ||
                       (attribute.type == Type::kGraph && !attribute.graph) ||
                       (attribute.type == Type::kSparseTensor && !attribute.sparse_tensor);
  if (missing) Fail(fmt::format("attribute \"{}\" lacks the value that its type says", attribute.name));
}

OnnxFunction Parser::Function(std::span<const uint8_t> bytes) {
  OnnxFunction function;
  Scope scope(*this);
  if (!scope) return function;
  WireReader reader(bytes);
  WireField field;
  while (status_.ok() && reader.Next(field)) {
    switch (field.number) {
      case 1:
        function.name = Text(field);
        break;
      case 4:
        function.inputs.push_back(Text(field));
        break;
      case 5:
        function.outputs.push_back(Text(field));
        break;
      case 6:
        function.attributes.push_back(Text(field));
        break;
      case 7:
        function.nodes.push_back(Node(Bytes(field)));
        break;
      case 9:
        AddOpset(Opset(Bytes(field)), function.opsets);
        break;
      case 10:
        function.domain = Domain(Text(field));
        break;
      case 11:
        function.defaults.push_back(Attribute(Bytes(field)));
        break;
      default:
        break;
    }
  }
  Finish(reader, "FunctionProto");
  return function;
}

OnnxOpset Parser::Opset(std::span<const uint8_t> bytes) {
  OnnxOpset opset;
  Scope scope(*this);
  if (!scope) return opset;
  WireReader reader(bytes);
  WireField field;
  while (status_.ok() && reader.Next(field)) {
    if (field.number == 1) opset.domain = Domain(Text(field));
    if (field.number == 2) opset.version = Int(field);
  }
  Finish(reader, "OperatorSetIdProto");
  return opset;
}

OnnxMetadata Parser::Metadata(std::span<const uint8_t> bytes) {
  OnnxMetadata entry;
  Scope scope(*this);
  if (!scope) return entry;
  WireReader reader(bytes);
  WireField field;
  while (status_.ok() && reader.Next(field)) {
    if (field.number == 1) entry.key = Text(field);
    if (field.number == 2) entry.value = Text(field);
  }
  Finish(reader, "StringStringEntryProto");
  return entry;
}

}  // namespace plumb::onnx
