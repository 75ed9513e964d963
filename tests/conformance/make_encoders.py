#!/usr/bin/env python3
"""Tiny models of the encoder, vision and audio families with what transformers computes for them.

    python3 make_encoders.py ../data/encoders   (needs torch, transformers 4.53, safetensors)

Writes OUT/<family>-<variant>/{config.json, model.safetensors, golden.safetensors}: weights in float32, drawn so that
every part matters (gains off one, biases off zero, running statistics), the golden computed in float64 where the
library allows. Inputs and outputs stand in the golden under the names that Plumb's graphs give them; ids are I64. The
same versions give the same bytes.
"""

import argparse
import json
import pathlib
import shutil

import torch
import transformers
from safetensors.torch import load_file, save_file
from transformers import (
    BertConfig, CLIPConfig, CLIPTextConfig, CLIPVisionConfig, DistilBertConfig, ModernBertConfig, MPNetConfig,
    ResNetConfig, RobertaConfig, T5Config, ViTConfig, WhisperConfig, XLMRobertaConfig)

VOCAB = 53
BATCH = 2
IDS_FROM = 4  # Below are pad, end and other special ids that models treat in ways of their own.


class Maker:
    def __init__(self, out):
        self.out = out
        self.seed = 0

    def draw(self, model):
        """Weights for which leaving anything out shows in the result."""
        for name, tensor in list(model.named_parameters()) + list(model.named_buffers()):
            if not tensor.is_floating_point() or "inv_freq" in name:
                continue
            noise = torch.randn(tensor.shape)
            if name.endswith("running_var"):
                value = noise.abs() + 0.5
            elif name.endswith("logit_scale"):
                value = torch.tensor(1.25)
            elif tensor.dim() < 2:
                is_gain = name.endswith("weight") and "norm" in name.lower()
                value = (1 if is_gain else 0) + 0.3 * noise
            elif "embed" in name or "shared" in name or "relative_attention_bias" in name:
                value = noise * (0.2 if "embed_positions" in name else 0.7)
            else:
                value = noise * 1.3 / tensor[0].numel() ** 0.5
            tensor.data.copy_(value)

    def ids(self, length, vocab=VOCAB):
        return torch.randint(IDS_FROM, vocab, (BATCH, length))

    def make(self, name, model_class, config, inputs, outputs):
        """Draws, saves and runs one model; `outputs` maps golden names to attributes of what transformers returns."""
        self.seed += 1
        torch.manual_seed(self.seed)
        config._attn_implementation = "eager"
        model = model_class(config).eval()
        self.draw(model)
        model.tie_weights()
        folder = self.out / name
        shutil.rmtree(folder, ignore_errors=True)
        model.save_pretrained(folder, safe_serialization=True)
        (folder / "generation_config.json").unlink(missing_ok=True)
        model = model.double()
        given = inputs(self)
        torch.set_default_dtype(torch.float64)  # Masks that a model makes for itself.
        with torch.no_grad():
            result = model(**{k: v.double() if v.is_floating_point() else v for k, v in given.items()})
        torch.set_default_dtype(torch.float32)
        golden = dict(given)
        for key in outputs:
            golden[key] = result[key].float()
        self.write_golden(folder, golden)
        return folder, given, result

    @staticmethod
    def write_golden(folder, golden):
        save_file({k: v.contiguous().clone() for k, v in golden.items()}, folder / "golden.safetensors")


HIDDEN = ["last_hidden_state"]
POOLED = ["last_hidden_state", "pooler_output"]
LOGITS = ["logits"]
SPANS = ["start_logits", "end_logits"]


def tokens(length):
    return lambda maker: {"input_ids": maker.ids(length)}


def typed_tokens(length):
    return lambda maker: {"input_ids": maker.ids(length), "token_type_ids": torch.randint(0, 2, (BATCH, length))}


def pixels(channels, side):
    return lambda maker: {"pixel_values": torch.randn(BATCH, channels, side, side)}


SMALL = dict(vocab_size=VOCAB, hidden_size=12, num_hidden_layers=2, num_attention_heads=3, intermediate_size=20,
             max_position_embeddings=16)


def make_bert(maker):
    def config(**more):
        return BertConfig(**SMALL, layer_norm_eps=1e-3, **more)
    maker.make("bert-model", transformers.BertModel, config(), typed_tokens(9), POOLED)
    maker.make("bert-mlm-tied", transformers.BertForMaskedLM, config(hidden_act="gelu_new"), typed_tokens(16), LOGITS)
    maker.make("bert-mlm-untied", transformers.BertForMaskedLM, config(hidden_act="relu", tie_word_embeddings=False),
               typed_tokens(7), LOGITS)
    maker.make("bert-sequence", transformers.BertForSequenceClassification, config(num_labels=3), typed_tokens(8),
               LOGITS)
    maker.make("bert-token", transformers.BertForTokenClassification, config(num_labels=5), typed_tokens(8), LOGITS)
    maker.make("bert-question", transformers.BertForQuestionAnswering, config(hidden_act="silu"), typed_tokens(8),
               SPANS)
    folder, _, _ = maker.make("bert-old-names", transformers.BertForMaskedLM, config(), typed_tokens(8), LOGITS)
    old = {}
    for name, tensor in load_file(folder / "model.safetensors").items():
        name = name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")
        old[name] = tensor
    # What pretraining leaves behind in the published checkpoints.
    old["bert.pooler.dense.weight"] = torch.randn(12, 12)
    old["bert.pooler.dense.bias"] = torch.randn(12)
    old["cls.seq_relationship.weight"] = torch.randn(2, 12)
    old["cls.seq_relationship.bias"] = torch.randn(2)
    old["cls.predictions.decoder.weight"] = old["bert.embeddings.word_embeddings.weight"].clone()
    old["bert.embeddings.position_ids"] = torch.arange(16).unsqueeze(0)
    save_file(old, folder / "model.safetensors", metadata={"format": "pt"})


def make_roberta(maker):
    def config(kind, **more):
        return kind(**SMALL, layer_norm_eps=1e-5, **{"type_vocab_size": 1, "pad_token_id": 1, **more})
    maker.make("roberta-model", transformers.RobertaModel, config(RobertaConfig), tokens(14), POOLED)
    maker.make("roberta-mlm", transformers.RobertaForMaskedLM, config(RobertaConfig, pad_token_id=3), tokens(9),
               LOGITS)
    maker.make("roberta-sequence", transformers.RobertaForSequenceClassification, config(RobertaConfig, num_labels=4),
               tokens(9), LOGITS)
    maker.make("xlm-roberta-model", transformers.XLMRobertaModel, config(XLMRobertaConfig), tokens(9), POOLED)
    maker.make("xlm-roberta-token", transformers.XLMRobertaForTokenClassification,
               config(XLMRobertaConfig, num_labels=3, type_vocab_size=2), typed_tokens(9), LOGITS)


def make_distilbert(maker):
    def config(**more):
        return DistilBertConfig(vocab_size=VOCAB, dim=12, n_layers=2, n_heads=2, hidden_dim=20,
                                max_position_embeddings=16, **more)
    maker.make("distilbert-model", transformers.DistilBertModel, config(), tokens(9), HIDDEN)
    maker.make("distilbert-mlm", transformers.DistilBertForMaskedLM, config(activation="relu"), tokens(9), LOGITS)
    maker.make("distilbert-sequence", transformers.DistilBertForSequenceClassification, config(), tokens(9), LOGITS)
    maker.make("distilbert-question", transformers.DistilBertForQuestionAnswering, config(), tokens(9), SPANS)


def make_mpnet(maker):
    def config(**more):
        return MPNetConfig(**{**SMALL, "max_position_embeddings": 30}, layer_norm_eps=1e-5, **more)
    maker.make("mpnet-model", transformers.MPNetModel, config(), tokens(27), POOLED)
    maker.make("mpnet-mlm", transformers.MPNetForMaskedLM, config(hidden_act="gelu_new"), tokens(20), LOGITS)


def make_modernbert(maker):
    def config(**more):
        return ModernBertConfig(**{**SMALL, "max_position_embeddings": 40, "num_hidden_layers": 4}, norm_eps=1e-4,
                                pad_token_id=0, bos_token_id=1, eos_token_id=2, cls_token_id=1, sep_token_id=2,
                                reference_compile=False,
                                **{"global_attn_every_n_layers": 3, "local_attention": 6, **more})
    maker.make("modernbert-model", transformers.ModernBertModel, config(), tokens(17), HIDDEN)
    maker.make("modernbert-mlm", transformers.ModernBertForMaskedLM,
               config(norm_bias=True, attention_bias=True, mlp_bias=True, classifier_bias=True, local_rope_theta=None,
                      classifier_activation="silu"), tokens(17), LOGITS)
    maker.make("modernbert-mlm-untied", transformers.ModernBertForMaskedLM,
               config(tie_word_embeddings=False, decoder_bias=False, global_attn_every_n_layers=2), tokens(17), LOGITS)
    for pooling in ("cls", "mean"):
        def with_mask(m):
            return {"input_ids": m.ids(11)}
        def run(m, config=config, pooling=pooling, with_mask=with_mask):
            m.make("modernbert-sequence-" + pooling, Masked, config(classifier_pooling=pooling, num_labels=3),
                   with_mask, LOGITS)
        run(maker)


class Masked(transformers.ModernBertForSequenceClassification):
    """Its mean pooling needs the mask that says that every token is real."""

    def forward(self, input_ids):
        return super().forward(input_ids=input_ids, attention_mask=torch.ones_like(input_ids))


Masked.__name__ = "ModernBertForSequenceClassification"


def make_t5(maker):
    def config(**more):
        return T5Config(**{**dict(vocab_size=VOCAB, d_model=12, d_kv=5, d_ff=20, num_layers=2, num_heads=3,
                                  decoder_start_token_id=0, relative_attention_num_buckets=8,
                                  relative_attention_max_distance=14), **more})
    def both(length):
        return lambda maker: {"input_ids": maker.ids(length), "decoder_input_ids": maker.ids(length)}
    maker.make("t5-relu-tied", transformers.T5ForConditionalGeneration, config(), both(19), LOGITS)
    maker.make("t5-gated-untied", transformers.T5ForConditionalGeneration,
               config(feed_forward_proj="gated-gelu", tie_word_embeddings=False, num_decoder_layers=1,
                      layer_norm_epsilon=1e-3), both(12), LOGITS)
    maker.make("t5-model", transformers.T5Model, config(feed_forward_proj="gated-silu"), both(9), HIDDEN)
    maker.make("t5-encoder", transformers.T5EncoderModel, config(relative_attention_num_buckets=32,
                                                                 relative_attention_max_distance=128),
               tokens(40), HIDDEN)


def make_vit(maker):
    def config(**more):
        return ViTConfig(**{**dict(hidden_size=12, num_hidden_layers=2, num_attention_heads=3, intermediate_size=20,
                                   image_size=12, patch_size=4, num_channels=3), **more})
    maker.make("vit-model", transformers.ViTModel, config(layer_norm_eps=1e-3, pooler_output_size=7,
                                                          pooler_act="sigmoid"), pixels(3, 12), POOLED)
    maker.make("vit-image", transformers.ViTForImageClassification,
               config(qkv_bias=False, hidden_act="gelu_pytorch_tanh", num_labels=5, num_channels=1, image_size=14),
               pixels(1, 14), LOGITS)


def make_clip(maker):
    text = dict(vocab_size=VOCAB, hidden_size=12, num_hidden_layers=2, num_attention_heads=3, intermediate_size=20,
                max_position_embeddings=16, eos_token_id=50, bos_token_id=1, pad_token_id=0)
    vision = dict(hidden_size=9, num_hidden_layers=2, num_attention_heads=3, intermediate_size=14, image_size=12,
                  patch_size=4)

    def ended(maker):
        ids = torch.randint(IDS_FROM, 50, (BATCH, 8))
        ids[0, 5], ids[1, 3], ids[1, 7] = 50, 50, 50
        return {"input_ids": ids}

    maker.make("clip-whole", transformers.CLIPModel,
               CLIPConfig(text_config=text, vision_config=vision, projection_dim=7),
               lambda maker: {**ended(maker), **pixels(3, 12)(maker)},
               ["logits_per_image", "logits_per_text", "text_embeds", "image_embeds"])
    maker.make("clip-text", transformers.CLIPTextModel,
               CLIPTextConfig(**{**text, "eos_token_id": 2, "hidden_act": "gelu"}), ended, POOLED)
    maker.make("clip-text-projection", transformers.CLIPTextModelWithProjection,
               CLIPTextConfig(**text, projection_dim=7, layer_norm_eps=1e-3), ended,
               ["text_embeds", "last_hidden_state"])
    maker.make("clip-vision", transformers.CLIPVisionModel, CLIPVisionConfig(**vision, layer_norm_eps=1e-3),
               pixels(3, 12), POOLED)
    maker.make("clip-vision-projection", transformers.CLIPVisionModelWithProjection,
               CLIPVisionConfig(**vision, projection_dim=7, num_channels=1), pixels(1, 12),
               ["image_embeds", "last_hidden_state"])


def make_whisper(maker):
    def config(**more):
        return WhisperConfig(**{**dict(vocab_size=VOCAB, num_mel_bins=6, d_model=12, encoder_layers=2,
                                       decoder_layers=2, encoder_attention_heads=2, decoder_attention_heads=3,
                                       encoder_ffn_dim=16, decoder_ffn_dim=20, max_source_positions=15,
                                       max_target_positions=10, pad_token_id=0, bos_token_id=1, eos_token_id=2,
                                       decoder_start_token_id=3, suppress_tokens=None,
                                       begin_suppress_tokens=None), **more})
    def heard(maker):
        return {"input_features": torch.randn(BATCH, 6, 30), "decoder_input_ids": maker.ids(8)}
    maker.make("whisper-tied", transformers.WhisperForConditionalGeneration, config(), heard, LOGITS)
    maker.make("whisper-model", transformers.WhisperModel, config(decoder_layers=1, activation_function="relu"), heard,
               HIDDEN)


def make_resnet(maker):
    def config(**more):
        # image_size is no key of transformers' own; Plumb reads it.
        return ResNetConfig(**{**dict(num_channels=3, embedding_size=6, hidden_sizes=[6, 8], depths=[1, 2],
                                      layer_type="basic", image_size=20), **more})
    maker.make("resnet-basic", transformers.ResNetForImageClassification, config(num_labels=5), pixels(3, 20), LOGITS)
    maker.make("resnet-bottleneck", transformers.ResNetForImageClassification,
               config(layer_type="bottleneck", hidden_sizes=[8, 16], depths=[2, 1], hidden_act="silu"),
               pixels(3, 20), LOGITS)
    maker.make("resnet-model", transformers.ResNetModel,
               config(layer_type="bottleneck", hidden_sizes=[8, 12, 16], depths=[1, 1, 1], image_size=41,
                      downsample_in_first_stage=True, downsample_in_bottleneck=True, num_channels=1),
               pixels(1, 41), POOLED)


POOLINGS = ["cls_token", "mean_tokens", "max_tokens", "mean_sqrt_len_tokens", "weightedmean_tokens", "lasttoken"]


def pool(hidden, modes):
    count = hidden.shape[1]
    weights = torch.arange(1, count + 1, dtype=hidden.dtype).view(1, -1, 1)
    parts = {
        "cls_token": hidden[:, 0], "max_tokens": hidden.max(1).values, "mean_tokens": hidden.mean(1),
        "mean_sqrt_len_tokens": hidden.sum(1) / count**0.5,
        "weightedmean_tokens": (hidden * weights).sum(1) / weights.sum(), "lasttoken": hidden[:, -1]}
    # The order in which sentence-transformers joins them.
    order = ["cls_token", "max_tokens", "mean_tokens", "mean_sqrt_len_tokens", "weightedmean_tokens", "lasttoken"]
    return torch.cat([parts[mode] for mode in order if mode in modes], -1)


def make_sentence(maker, name, model_class, config, inputs, modes, normalize, dense=None):
    folder, given, result = maker.make(name, model_class, config, inputs, HIDDEN)
    width = result.last_hidden_state.shape[-1]
    embedding = pool(result.last_hidden_state, modes)
    kinds = ["Transformer", "Pooling"]
    (folder / "1_Pooling").mkdir()
    pooling = {"word_embedding_dimension": width, **{f"pooling_mode_{m}": m in modes for m in POOLINGS}}
    (folder / "1_Pooling/config.json").write_text(json.dumps(pooling))
    if dense:
        kinds.append("Dense")
        wide = embedding.shape[-1]
        linear = torch.nn.Linear(wide, dense[0], bias=dense[1])
        tensors = {"linear." + k: v for k, v in linear.state_dict().items()}
        (folder / "2_Dense").mkdir()
        save_file(tensors, folder / "2_Dense/model.safetensors")
        (folder / "2_Dense/config.json").write_text(json.dumps({
            "in_features": wide, "out_features": dense[0], "bias": dense[1],
            "activation_function": dense[2].__module__ + "." + dense[2].__name__}))
        embedding = dense[2]()(linear.double()(embedding))
    if normalize:
        kinds.append("Normalize")
        embedding = torch.nn.functional.normalize(embedding, p=2, dim=1)
    modules = [{"idx": i, "name": str(i), "path": f"{i}_{kind}" if i else "",
                "type": f"sentence_transformers.models.{kind}"} for i, kind in enumerate(kinds)]
    (folder / "modules.json").write_text(json.dumps(modules))
    maker.write_golden(folder, {**given, "sentence_embedding": embedding.detach().float()})


def make_sentences(maker):
    bert = BertConfig(**SMALL)
    mpnet = MPNetConfig(**{**SMALL, "max_position_embeddings": 30})
    make_sentence(maker, "sentence-bert-mean", transformers.BertModel, bert, typed_tokens(9), ["mean_tokens"], True)
    make_sentence(maker, "sentence-bert-cls-dense", transformers.BertModel, BertConfig(**SMALL), typed_tokens(9),
                  ["cls_token"], False, (7, True, torch.nn.Tanh))
    make_sentence(maker, "sentence-mpnet-max", transformers.MPNetModel, mpnet, tokens(9), ["max_tokens"], True)
    make_sentence(maker, "sentence-distilbert-all", transformers.DistilBertModel,
                  DistilBertConfig(vocab_size=VOCAB, dim=12, n_layers=1, n_heads=2, hidden_dim=20,
                                   max_position_embeddings=16), tokens(9), POOLINGS, True,
                  (9, False, torch.nn.Identity))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=pathlib.Path)
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    maker = Maker(out)
    for make in (make_bert, make_roberta, make_distilbert, make_mpnet, make_modernbert, make_t5, make_vit, make_clip,
                 make_whisper, make_resnet, make_sentences):
        make(maker)


if __name__ == "__main__":
    main()
