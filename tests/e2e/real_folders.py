"""Folders as people have them: true sets of files and true configurations, tiny tensors.

Each function makes one; the decorator says what publishing it must find. `warns` are patterns of the warnings that are
earned; any other is a failure of the test.
"""
import io
import json
import pathlib
import shutil
import tarfile

import gguf_files as gguf
import tiny_files as tiny
from tiny_files import make, put_json, safetensors, shards, torch_file

DATA = pathlib.Path(__file__).resolve().parents[1] / 'data'
FOLDERS = {}

UNCHECKED = 'not compared|not understood|not checked|no smoke case|unchecked|plain bytes'


class Expected:
    def __init__(self, build, kind, form, family, licence, quantisation, library, parent, base, step, warns, no_model):
        self.build, self.kind, self.form, self.family, self.licence = build, kind, form, family, licence
        self.quantisation, self.library, self.parent, self.base, self.step = quantisation, library, parent, base, step
        self.warns, self.no_model = warns, no_model


def folder(kind='weights', form='model', family='', licence='Apache-2.0', quantisation='', library=None, parent=None,
           base=None, step=None, warns=(), no_model=False):
    """`no_model`: nothing that `diff` could compare."""
    def add(build):
        FOLDERS[build.__name__] = Expected(build, kind, form, family, licence, quantisation, library, parent, base, step,
                                           tuple(warns), no_model)
        return build
    return add


def card(where, licence='apache-2.0', **keys):
    lines = [f'{key}: {json.dumps(value)}' for key, value in keys.items()]
    make(where / 'README.md', '\n'.join(['---', *([f'license: {licence}'] if licence else []), *lines, '---', '# A model\n',
                                         'Made for a test.\n']))


def hub_rest(where):
    """What every repository of a hub has."""
    make(where / '.gitattributes', '*.safetensors filter=lfs diff=lfs merge=lfs -text\n')
    card(where)


def copied(where, source, config=None, drop=()):
    """A model of tests/data; `config` are further keys."""
    for file in (DATA / source).iterdir():
        if file.is_file() and file.name != 'golden.safetensors' and file.name not in drop:
            make(where / file.name, file.read_bytes())
    if config:
        path = where / 'config.json'
        put_json(path, {**json.loads(path.read_text()), **config})
    hub_rest(where)


def tokenizer(where):
    shutil.copy(DATA / 'tiny-shakespeare/step-0/tokenizer.json', where / 'tokenizer.json')
    put_json(where / 'tokenizer_config.json', {'tokenizer_class': 'PreTrainedTokenizerFast', 'model_max_length': 1024})
    put_json(where / 'special_tokens_map.json', {'eos_token': '</s>'})


LLAMA = {'architectures': ['LlamaForCausalLM'], 'model_type': 'llama', 'hidden_size': 16, 'intermediate_size': 32,
         'num_hidden_layers': 2, 'num_attention_heads': 4, 'num_key_value_heads': 2, 'vocab_size': 32,
         'max_position_embeddings': 64, 'rms_norm_eps': 1e-5, 'rope_theta': 10000.0, 'hidden_act': 'silu',
         'tie_word_embeddings': False, 'torch_dtype': 'float16', 'transformers_version': '4.53.3'}


def llama_tensors(dtype='F32', layers=2):
    tensors = {'model.embed_tokens.weight': (dtype, (32, 16)), 'model.norm.weight': (dtype, (16,)),
               'lm_head.weight': (dtype, (32, 16))}
    for layer in range(layers):
        start = f'model.layers.{layer}.'
        for name, shape in {'self_attn.q_proj': (16, 16), 'self_attn.k_proj': (8, 16), 'self_attn.v_proj': (8, 16),
                            'self_attn.o_proj': (16, 16), 'mlp.gate_proj': (32, 16), 'mlp.up_proj': (32, 16),
                            'mlp.down_proj': (16, 32)}.items():
            tensors[f'{start}{name}.weight'] = (dtype, shape)
        for name in ('input_layernorm', 'post_attention_layernorm'):
            tensors[f'{start}{name}.weight'] = (dtype, (16,))
    return tensors


def quantised(tensors, parts):
    """Every projection replaced by the tensors that a quantiser writes: suffix to (type, shape of rows and columns)."""
    made = {}
    for name, (dtype, shape) in tensors.items():
        if '_proj' not in name:
            made[name] = ('F16', shape)
            continue
        for suffix, (kind, reshape) in parts.items():
            made[name.replace('.weight', suffix)] = (kind, reshape(*shape))
    return made


# Language models.

@folder(family='llama', library='transformers')
def llama_single_file(where):
    copied(where, 'architectures/llama-gqa')
    tokenizer(where)
    put_json(where / 'generation_config.json', {'do_sample': True, 'temperature': 0.6})


@folder(family='llama')
def llama_sharded(where):
    put_json(where / 'config.json', LLAMA)
    shards(where, 'model', llama_tensors(), safetensors, '.safetensors', parts=3)
    hub_rest(where)


@folder(family='llama')
def llama_sharded_bfloat16(where):
    put_json(where / 'config.json', {**LLAMA, 'torch_dtype': 'bfloat16'})
    shards(where, 'model', llama_tensors('BF16'), safetensors, '.safetensors')
    hub_rest(where)


@folder(family='llama')
def llama_pytorch_bin(where):
    put_json(where / 'config.json', LLAMA)
    torch_file(where / 'pytorch_model.bin', llama_tensors())
    hub_rest(where)


@folder(family='llama')
def llama_pytorch_shards(where):
    put_json(where / 'config.json', LLAMA)
    shards(where, 'pytorch_model', llama_tensors(), torch_file, '.bin')
    hub_rest(where)


@folder(family='llama')
def llama_notes_of_a_training_tool(where):
    copied(where, 'architectures/llama-gqa', {'unsloth_version': '2025.3', 'unsloth_fixed': True, '_attn_implementation': 'sdpa'})
FOLDERS['llama_notes_of_a_training_tool'].warns = (UNCHECKED,)


@folder(family='llama', warns=[UNCHECKED])
def llama_reward_model(where):
    put_json(where / 'config.json', {**LLAMA, 'architectures': ['LlamaForSequenceClassification'], 'num_labels': 1})
    tensors = {k: v for k, v in llama_tensors().items() if k != 'lm_head.weight'}
    safetensors(where / 'model.safetensors', {**tensors, 'score.weight': ('F32', (1, 16))}, {'format': 'pt'})
    hub_rest(where)


@folder(family='llama', licence='LicenseRef-hf-llama3.1', warns=[UNCHECKED])
def llama_original_of_meta(where):
    put_json(where / 'params.json', {'dim': 16, 'n_layers': 2, 'n_heads': 4, 'vocab_size': 32})
    put_json(where / 'config.json', LLAMA)
    torch_file(where / 'original/consolidated.00.pth', {'layers.0.attention.wq.weight': ('F32', (16, 16))})
    make(where / 'original/tokenizer.model', 'IQ== 0\nIg== 1\nIw== 2\n')
    safetensors(where / 'model.safetensors', llama_tensors(), {'format': 'pt'})
    card(where, 'llama3.1')


@folder(family='mixtral')
def mixtral(where):
    copied(where, 'architectures/mixtral')


@folder(family='qwen3')
def qwen3(where):
    copied(where, 'architectures/qwen3-gqa')


@folder(family='gpt2', licence='MIT')
def gpt2_with_old_files(where):
    copied(where, 'architectures/gpt2-tied')
    card(where, 'mit')
    make(where / 'merges.txt', '#version: 0.2\n')


@folder(family='gemma2', licence='LicenseRef-hf-gemma')
def gemma2(where):
    copied(where, 'architectures/gemma2')
    card(where, 'gemma')


@folder(family='novel_arch', warns=[UNCHECKED])
def remote_code_of_a_new_family(where):
    put_json(where / 'config.json', {'architectures': ['NovelForCausalLM'], 'model_type': 'novel_arch', 'auto_map': {
        'AutoModelForCausalLM': 'modeling_novel.NovelForCausalLM'}})
    make(where / 'modeling_novel.py', 'class NovelForCausalLM: ...\n')
    make(where / '__init__.py')
    safetensors(where / 'model.safetensors', {'backbone.0.mixer.A_log': ('F32', (4, 8))}, {'format': 'pt'})
    hub_rest(where)


@folder(family='t5')
def t5(where):
    copied(where, 'encoders/t5-relu-tied')


@folder(family='bert')
def bert_masked(where):
    copied(where, 'encoders/bert-mlm-tied')
    make(where / 'vocab.txt', '[PAD]\n[UNK]\n[CLS]\n[SEP]\n')


# Quantised.

@folder(family='llama', quantisation='gptq', base=('lab/base', 'quantised'), warns=[UNCHECKED])
def gptq(where):
    put_json(where / 'config.json', {**LLAMA, 'quantization_config': {
        'quant_method': 'gptq', 'bits': 4, 'group_size': 16, 'desc_act': False, 'sym': True}})
    put_json(where / 'quantize_config.json', {'bits': 4, 'group_size': 16, 'desc_act': False})
    safetensors(where / 'model.safetensors', quantised(llama_tensors(), {
        '.qweight': ('I32', lambda r, c: (c // 8, r)), '.qzeros': ('I32', lambda r, c: (1, r // 8 or 1)),
        '.scales': ('F16', lambda r, c: (1, r)), '.g_idx': ('I32', lambda r, c: (c,))}), {'format': 'pt'})
    card(where, base_model='lab/base', base_model_relation='quantized')


@folder(family='llama', quantisation='awq', warns=[UNCHECKED])
def awq(where):
    put_json(where / 'config.json', {**LLAMA, 'quantization_config': {
        'quant_method': 'awq', 'bits': 4, 'group_size': 16, 'version': 'gemm', 'zero_point': True}})
    safetensors(where / 'model.safetensors', quantised(llama_tensors(), {
        '.qweight': ('I32', lambda r, c: (c, r // 8 or 1)), '.qzeros': ('I32', lambda r, c: (1, r // 8 or 1)),
        '.scales': ('F16', lambda r, c: (1, r))}), {'format': 'pt'})
    hub_rest(where)


@folder(family='llama', quantisation='fp8', warns=[UNCHECKED])
def fp8(where):
    put_json(where / 'config.json', {**LLAMA, 'quantization_config': {
        'quant_method': 'fp8', 'activation_scheme': 'dynamic', 'weight_block_size': [128, 128]}})
    safetensors(where / 'model.safetensors', quantised(llama_tensors(), {
        '.weight': ('F8_E4M3', lambda r, c: (r, c)), '.weight_scale_inv': ('F32', lambda r, c: (1, 1))}), {'format': 'pt'})
    hub_rest(where)


@folder(family='llama', quantisation='compressed-tensors', warns=[UNCHECKED])
def compressed_tensors_with_its_recipe(where):
    put_json(where / 'config.json', {**LLAMA, 'quantization_config': {
        'quant_method': 'compressed-tensors', 'format': 'float-quantized', 'config_groups': {}}})
    make(where / 'recipe.yaml', 'default_stage:\n  default_modifiers:\n    QuantizationModifier: {scheme: FP8_DYNAMIC}\n')
    safetensors(where / 'model.safetensors', quantised(llama_tensors(), {
        '.weight': ('F8_E4M3', lambda r, c: (r, c)), '.weight_scale': ('BF16', lambda r, c: (r, 1))}), {'format': 'pt'})
    hub_rest(where)


@folder(family='llama', quantisation='bitsandbytes', warns=[UNCHECKED])
def bitsandbytes_4bit(where):
    put_json(where / 'config.json', {**LLAMA, 'quantization_config': {
        'quant_method': 'bitsandbytes', 'load_in_4bit': True, 'bnb_4bit_quant_type': 'nf4', '_load_in_4bit': True}})
    made = quantised(llama_tensors(), {
        '.weight': ('U8', lambda r, c: (r * c // 2, 1)), '.weight.absmax': ('F32', lambda r, c: (r * c // 64 or 1,)),
        '.weight.quant_map': ('F32', lambda r, c: (16,)),
        '.weight.quant_state.bitsandbytes__nf4': ('U8', lambda r, c: (90,))})
    safetensors(where / 'model.safetensors', made, {'format': 'pt'})
    hub_rest(where)


@folder(family='llama', quantisation='bitsandbytes', warns=[UNCHECKED])
def bitsandbytes_8bit_of_old(where):
    put_json(where / 'config.json', {**LLAMA, 'quantization_config': {'load_in_8bit': True, 'llm_int8_threshold': 6.0}})
    safetensors(where / 'model.safetensors', quantised(llama_tensors(), {
        '.weight': ('I8', lambda r, c: (r, c)), '.SCB': ('F32', lambda r, c: (r,))}), {'format': 'pt'})
    hub_rest(where)


@folder(family='llama', quantisation='awq', warns=[UNCHECKED])
def awq_in_its_own_file(where):
    put_json(where / 'config.json', LLAMA)
    put_json(where / 'quant_config.json', {'zero_point': True, 'q_group_size': 128, 'w_bit': 4, 'version': 'GEMM'})
    safetensors(where / 'model.safetensors', quantised(llama_tensors(), {
        '.qweight': ('I32', lambda r, c: (c, r // 8 or 1)), '.qzeros': ('I32', lambda r, c: (1, r // 8 or 1)),
        '.scales': ('F16', lambda r, c: (1, r))}), {'format': 'pt'})
    hub_rest(where)


@folder(family='llama', quantisation='modelopt', warns=[UNCHECKED])
def modelopt(where):
    put_json(where / 'config.json', LLAMA)
    put_json(where / 'hf_quant_config.json', {'producer': {'name': 'modelopt'}, 'quantization': {'quant_algo': 'FP8'}})
    safetensors(where / 'model.safetensors', quantised(llama_tensors(), {
        '.weight': ('F8_E4M3', lambda r, c: (r, c)), '.weight_scale': ('F32', lambda r, c: ())}), {'format': 'pt'})
    hub_rest(where)


@folder(family='llama', quantisation='mlx', library='mlx', warns=[UNCHECKED])
def mlx_4bit_under_both_names(where):
    put_json(where / 'config.json', {**LLAMA, 'quantization': {'group_size': 64, 'bits': 4},
                                     'quantization_config': {'group_size': 64, 'bits': 4}})
    safetensors(where / 'model.safetensors', quantised(llama_tensors(), {
        '.weight': ('U32', lambda r, c: (r, c // 8 or 1)), '.scales': ('F16', lambda r, c: (r, 1)),
        '.biases': ('F16', lambda r, c: (r, 1))}), {'format': 'mlx'})
    card(where, library_name='mlx')


@folder(family='llama', quantisation='mlx', library='mlx', warns=[UNCHECKED])
def mlx_4bit(where):
    put_json(where / 'config.json', {**LLAMA, 'quantization': {'group_size': 16, 'bits': 4}})
    safetensors(where / 'model.safetensors', quantised(llama_tensors(), {
        '.weight': ('U32', lambda r, c: (r, c // 8)), '.scales': ('F16', lambda r, c: (r, 1)),
        '.biases': ('F16', lambda r, c: (r, 1))}), {'format': 'mlx'})
    card(where, library_name='mlx')


@folder(family='llama', quantisation='exl2', warns=[UNCHECKED])
def exllama(where):
    put_json(where / 'config.json', {**LLAMA, 'quantization_config': {'quant_method': 'exl2', 'bits': 4.0}})
    safetensors(where / 'output.safetensors', {'model.layers.0.mlp.up_proj.q_weight': ('I32', (4, 8))})
    hub_rest(where)


@folder(family='llama', quantisation='hqq', warns=[UNCHECKED])
def hqq(where):
    put_json(where / 'config.json', {**LLAMA, 'quantization_config': {'quant_method': 'hqq', 'quant_config': {}}})
    torch_file(where / 'qmodel.pt', {'model.layers.0.mlp.up_proj/W_q': ('F32', (8, 16))})
    hub_rest(where)


# Adapters.

LORA = {'peft_type': 'LORA', 'task_type': 'CAUSAL_LM', 'r': 4, 'lora_alpha': 8, 'target_modules': ['q_proj'],
        'base_model_name_or_path': 'lab/base', 'bias': 'none', 'inference_mode': True}


def lora_tensors():
    made = {}
    for layer in range(2):
        start = f'base_model.model.model.layers.{layer}.self_attn.q_proj.'
        made[start + 'lora_A.weight'] = ('F32', (4, 16))
        made[start + 'lora_B.weight'] = ('F32', (16, 4))
    return made


@folder('adapter', 'adapter', library='peft', parent='lab/base@v1', base=('lab/base', 'adapter'))
def lora(where):
    put_json(where / 'adapter_config.json', LORA)
    safetensors(where / 'adapter_model.safetensors', lora_tensors(), {'format': 'pt'})
    card(where, base_model='lab/base', library_name='peft')


@folder('adapter', 'adapter', library='peft', base=('elsewhere/unknown-base', 'adapter'))
def lora_of_a_model_that_is_not_here(where):
    put_json(where / 'adapter_config.json', {**LORA, 'base_model_name_or_path': 'elsewhere/unknown-base'})
    torch_file(where / 'adapter_model.bin', lora_tensors())
    hub_rest(where)


@folder('adapter', 'adapter', library='peft')
def lora_of_a_path_on_somebodys_machine(where):
    put_json(where / 'adapter_config.json', {**LORA, 'base_model_name_or_path': '/home/me/models/llama'})
    safetensors(where / 'adapter_model.safetensors', lora_tensors(), {'format': 'pt'})
    tokenizer(where)
    hub_rest(where)


@folder('adapter', 'adapter', library='mlx')
def lora_of_mlx(where):
    put_json(where / 'adapter_config.json', {'fine_tune_type': 'lora', 'lora_parameters': {'rank': 4}, 'model': '/x'})
    safetensors(where / 'adapters.safetensors', {'model.layers.0.self_attn.q_proj.lora_a': ('F32', (16, 4)),
                                                 'model.layers.0.self_attn.q_proj.lora_b': ('F32', (4, 16))})
    hub_rest(where)


@folder('adapter', 'adapter', licence='CC-BY-NC-4.0')
def lora_for_pictures(where):
    safetensors(where / 'style.safetensors', {
        'lora_unet_down_blocks_0_attn1_to_q.lora_down.weight': ('F16', (4, 16)),
        'lora_unet_down_blocks_0_attn1_to_q.lora_up.weight': ('F16', (16, 4)),
        'lora_unet_down_blocks_0_attn1_to_q.alpha': ('F16', ())}, {'ss_network_module': 'networks.lora'})
    card(where, 'cc-by-nc-4.0')


@folder('adapter', 'adapter', library='diffusers')
def lora_of_diffusers(where):
    safetensors(where / 'pytorch_lora_weights.safetensors', {
        'unet.down_blocks.0.attn1.to_q.lora.down.weight': ('F32', (4, 16)),
        'unet.down_blocks.0.attn1.to_q.lora.up.weight': ('F32', (16, 4))})
    card(where, library_name='diffusers')


@folder('adapter', 'adapter')
def textual_inversion(where):
    torch_file(where / 'learned_embeds.bin', {'<cat>': ('F32', (16,))})
    hub_rest(where)


@folder('adapter', 'adapter', family='llama', warns=[UNCHECKED])
def lora_as_gguf(where):
    tiny.gguf_file(where / 'lora-f32.gguf', 'llama', {'blk.0.attn_q.weight.lora_a': ('F32', (4, 16)),
                                                      'blk.0.attn_q.weight.lora_b': ('F32', (16, 4))},
                   {'general.type': gguf.string('adapter'), 'adapter.type': gguf.string('lora')})
    hub_rest(where)


# Merges and finetunes.

@folder(family='llama', base=('lab/base', 'merged'), parent='lab/base@v1')
def merge(where):
    copied(where, 'architectures/llama-gqa')
    make(where / 'mergekit_config.yml', 'merge_method: slerp\nbase_model: lab/base\nslices:\n- sources:\n'
         '  - {model: lab/base, layer_range: [0, 2]}\n  - {model: elsewhere/other, layer_range: [0, 2]}\n')


@folder(family='llama', base=('lab/base', 'fine-tuned'), parent='lab/base@v1')
def finetune(where):
    copied(where, 'architectures/llama-gqa')
    card(where, base_model='lab/base', tags=['sft'])


# Pictures, sounds, sentences.

def component(where, name, config):
    put_json(where / name / 'config.json', config)


@folder(form='diffusion pipeline', family='StableDiffusionPipeline', library='diffusers',
        licence='LicenseRef-hf-creativeml-openrail-m', warns=[UNCHECKED], no_model=True)
def stable_diffusion(where):
    put_json(where / 'model_index.json', {
        '_class_name': 'StableDiffusionPipeline', '_diffusers_version': '0.30.0', 'unet': ['diffusers', 'UNet2DConditionModel'],
        'vae': ['diffusers', 'AutoencoderKL'], 'text_encoder': ['transformers', 'CLIPTextModel']})
    component(where, 'unet', {'_class_name': 'UNet2DConditionModel', 'in_channels': 4})
    component(where, 'vae', {'_class_name': 'AutoencoderKL'})
    put_json(where / 'scheduler/scheduler_config.json', {'_class_name': 'PNDMScheduler'})
    shutil.copytree(DATA / 'encoders/clip-text', where / 'text_encoder', ignore=shutil.ignore_patterns('golden*'))
    for part in ('unet', 'vae'):
        safetensors(where / part / 'diffusion_pytorch_model.safetensors', {
            f'{part}.down_blocks.0.weight': ('F16', (4, 4, 3, 3)), f'{part}.norm.weight': ('F16', (4,))})
    for name in ('tokenizer', 'tokenizer_2'):
        put_json(where / name / 'vocab.json', {'a': 0})
        make(where / name / 'merges.txt', '#version: 0.2\n')
    card(where, 'creativeml-openrail-m', pipeline_tag='text-to-image')


@folder(form='diffusion pipeline', family='FluxPipeline', library='diffusers')
def sharded_pipeline_with_variants(where):
    put_json(where / 'model_index.json', {'_class_name': 'FluxPipeline', 'transformer': ['diffusers', 'FluxTransformer2DModel']})
    component(where, 'transformer', {'_class_name': 'FluxTransformer2DModel'})
    names = {f'blocks.{i}.weight': ('BF16', (8, 8)) for i in range(4)}
    shards(where / 'transformer', 'diffusion_pytorch_model', names, safetensors, '.safetensors')
    hub_rest(where)


@folder(family='', warns=[UNCHECKED])
def single_file_checkpoint(where):
    safetensors(where / 'v1-5-pruned.safetensors', {'model.diffusion_model.input_blocks.0.0.weight': ('F16', (4, 4, 3, 3)),
                                                    'first_stage_model.encoder.conv_in.weight': ('F16', (4, 3, 3, 3))})
    make(where / 'v1-inference.yaml', 'model: {target: ldm}\n')
    hub_rest(where)


@folder(form='sentence encoder', family='bert', library='sentence-transformers')
def sentence_encoder_old(where):
    shutil.copytree(DATA / 'encoders/sentence-bert-mean', where, dirs_exist_ok=True,
                    ignore=shutil.ignore_patterns('golden*'))
    hub_rest(where)


@folder(form='sentence encoder', family='bert', library='sentence-transformers')
def sentence_encoder_new(where):
    shutil.copytree(DATA / 'encoders/sentence-bert-mean', where, dirs_exist_ok=True,
                    ignore=shutil.ignore_patterns('golden*'))
    put_json(where / 'modules.json', [
        {'idx': 0, 'name': '0', 'path': '', 'type': 'sentence_transformers.base.modules.transformer.Transformer'},
        {'idx': 1, 'name': '1', 'path': '1_Pooling',
         'type': 'sentence_transformers.sentence_transformer.modules.pooling.Pooling'}])
    put_json(where / '1_Pooling/config.json', {'embedding_dimension': 12, 'pooling_mode': 'mean', 'include_prompt': True})
    put_json(where / 'config_sentence_transformers.json', {'__version__': {'sentence_transformers': '6.0.0'}})
    hub_rest(where)


@folder(form='sentence encoder', family='bert', library='sentence-transformers', warns=[UNCHECKED])
def sentence_encoder_with_dense_layer(where):
    shutil.copytree(DATA / 'encoders/sentence-bert-cls-dense', where, dirs_exist_ok=True,
                    ignore=shutil.ignore_patterns('golden*'))
    hub_rest(where)


@folder(family='whisper')
def whisper(where):
    copied(where, 'encoders/whisper-tied')
    put_json(where / 'preprocessor_config.json', {'feature_extractor_type': 'WhisperFeatureExtractor'})


@folder(family='vit')
def vision(where):
    copied(where, 'encoders/vit-image')
    put_json(where / 'preprocessor_config.json', {'image_processor_type': 'ViTImageProcessor', 'size': 8})


@folder(family='clip')
def clip(where):
    copied(where, 'encoders/clip-whole')


@folder(family='resnet50', library='timm', warns=[UNCHECKED], no_model=True)
def timm(where):
    put_json(where / 'config.json', {'architecture': 'resnet50', 'num_classes': 10, 'pretrained_cfg': {'tag': 'a1_in1k'}})
    safetensors(where / 'model.safetensors', {'conv1.weight': ('F32', (4, 3, 3, 3)), 'fc.weight': ('F32', (10, 4))})
    torch_file(where / 'pytorch_model.bin', {'conv1.weight': ('F32', (4, 3, 3, 3))})
    hub_rest(where)


@folder(warns=[UNCHECKED])
def nemo_archive(where):
    inner = where / 'inner'
    torch_file(inner / 'model_weights.ckpt', {'encoder.layers.0.weight': ('F32', (8, 8))})
    make(inner / 'model_config.yaml', 'target: nemo.collections.asr\n')
    with tarfile.open(where / 'asr.nemo', 'w') as archive:
        archive.add(inner / 'model_weights.ckpt', './model_weights.ckpt')
        archive.add(inner / 'model_config.yaml', './model_config.yaml')
    shutil.rmtree(inner)
    card(where, library_name='nemo')
FOLDERS['nemo_archive'].library = 'nemo'
FOLDERS['nemo_archive'].no_model = True


# Other runtimes.

@folder(warns=[UNCHECKED])
def onnx_of_optimum(where):
    put_json(where / 'ort_config.json', {'opset': 17})
    make(where / 'onnx/model.onnx', (DATA / 'onnx-models/bert.onnx').read_bytes())
    hub_rest(where)


@folder(warns=[UNCHECKED])
def onnx_with_external_data(where):
    for name in ('external.onnx', 'external.data'):
        make(where / name, (DATA / 'onnx-models' / name).read_bytes())
    hub_rest(where)


@folder(family='bert', warns=[UNCHECKED], no_model=True)
def web_model_with_onnx_variants(where):
    copied(where, 'encoders/bert-model')
    for name in ('model.onnx', 'model_fp16.onnx', 'model_quantized.onnx'):
        make(where / 'onnx' / name, (DATA / 'onnx-models/bert.onnx').read_bytes())


@folder(family='llama', warns=[UNCHECKED], no_model=True)
def gguf_set(where):
    for kind in ('f32', 'q8_0'):
        make(where / f'tiny-{kind}.gguf', (DATA / f'gguf-models/llama-{kind}.gguf').read_bytes())
    make(where / 'imatrix.dat', b'\1\0\0\0imatrix')
    card(where, base_model='elsewhere/unknown-base')
FOLDERS['gguf_set'].base = ('elsewhere/unknown-base', 'quantised')


@folder(family='llama')
def gguf_in_parts(where):
    gguf.Gguf(DATA / 'gguf-models/llama-f32.gguf').write_split(where, 'tiny')
    hub_rest(where)


@folder(warns=['Lambda layer'])
def keras_new(where):
    make(where / 'model.keras', (DATA / 'keras/model.keras').read_bytes())
    card(where, library_name='keras')
FOLDERS['keras_new'].library = 'keras'


@folder(warns=['Lambda layer'])
def keras_old(where):
    make(where / 'tf_model.h5', (DATA / 'keras/model.h5').read_bytes())
    hub_rest(where)


@folder(warns=[UNCHECKED])
def saved_model(where):
    shutil.copytree(DATA / 'tensorflow/saved_model_half_plus_two', where, dirs_exist_ok=True)
    make(where / 'keras_metadata.pb', b'\x0a\x03abc')
    hub_rest(where)


@folder()
def tensorflow_checkpoint(where):
    for file in (DATA / 'tensorflow/kws_ref_model').iterdir():
        make(where / file.name.replace('variables', 'model.ckpt-100'), file.read_bytes())
    make(where / 'checkpoint', 'model_checkpoint_path: "model.ckpt-100"\n')
    hub_rest(where)


@folder(warns=['.'])
def tflite(where):
    make(where / 'model.tflite', (DATA / 'tensorflow/kws_ref_model_float32.tflite').read_bytes())
    make(where / 'labels.txt', 'yes\nno\n')
    hub_rest(where)


@folder(family='gpt2', warns=[UNCHECKED])
def flax(where):
    make(where / 'flax_model.msgpack', (DATA / 'twins/gpt2-tied.flax.msgpack').read_bytes())
    put_json(where / 'config.json', {'model_type': 'gpt2', 'architectures': ['GPT2LMHeadModel']})
    hub_rest(where)


@folder(warns=[UNCHECKED], no_model=True)
def openvino(where):
    make(where / 'openvino_model.xml', '<?xml version="1.0"?><net name="m" version="11"/>')
    make(where / 'openvino_model.bin', bytes(64) + tiny.values('w', 'F32', (64,)))
    hub_rest(where)


@folder(warns=[UNCHECKED], no_model=True)
def ctranslate2(where):
    put_json(where / 'config.json', {'bos_token': '<s>', 'layer_norm_epsilon': None})
    make(where / 'model.bin', b'\x06\0\0\0\x0e\0TransformerSpec' + tiny.values('w', 'F32', (64,)))
    put_json(where / 'shared_vocabulary.json', ['<s>', '</s>'])
    hub_rest(where)


@folder()
def numpy_archive(where):
    tiny.npz(where / 'weights.npz', {'layer0.w': ('F32', (4, 8)), 'layer0.b': ('F32', (8,))})
    hub_rest(where)


@folder(family='custom', warns=[UNCHECKED], no_model=True)
def sklearn_pickle(where):
    import pickle
    make(where / 'model.joblib', pickle.dumps({'coef': [1.0, 2.0], 'classes': ['a', 'b']}, protocol=4))
    put_json(where / 'config.json', {'model_type': 'custom', 'sklearn': {'model': {'file': 'model.joblib'}}})
    card(where, 'bsd-3-clause', library_name='sklearn')
FOLDERS['sklearn_pickle'].licence = 'BSD-3-Clause'
FOLDERS['sklearn_pickle'].library = 'sklearn'


# Trainings.

@folder('checkpoint', family='llama', step=500, warns=[UNCHECKED], no_model=True)
def trainer_checkpoint(where):
    copied(where, 'architectures/llama-gqa')
    put_json(where / 'trainer_state.json', {'global_step': 500, 'epoch': 1.0, 'log_history': []})
    torch_file(where / 'optimizer.pt', {'state/0/exp_avg': ('F32', (32, 16))})
    torch_file(where / 'scheduler.pt', {}, {'last_epoch': 500, '_last_lr': [1e-5]})
    torch_file(where / 'rng_state.pth', {}, {'python': [3, 1]})
    torch_file(where / 'training_args.bin', {}, {'lr': 1e-5})


@folder('checkpoint', family='llama', step=1200, warns=[UNCHECKED], no_model=True)
def deepspeed_checkpoint(where):
    copied(where, 'architectures/llama-gqa')
    make(where / 'latest', 'global_step1200')
    torch_file(where / 'global_step1200/mp_rank_00_model_states.pt', {'module/lm_head.weight': ('F32', (32, 16))})
    torch_file(where / 'global_step1200/bf16_zero_pp_rank_0_mp_rank_00_optim_states.pt',
               {'optimizer_state_dict/fp32_flat_groups': ('F32', (64,))})
    make(where / 'zero_to_fp32.py', 'print()\n')


@folder('checkpoint', form='training state', step=1000, warns=[UNCHECKED], no_model=True)
def fsdp_checkpoint(where):
    put_json(where / 'trainer_state.json', {'global_step': 1000})
    for part in ('pytorch_model_fsdp_0', 'optimizer_0'):
        make(where / part / '__0_0.distcp', tiny.values(part, 'F32', (64,)))
        make(where / part / '.metadata', b'\x80\x02}q\0.')
    hub_rest(where)


@folder('checkpoint', step=3000, warns=[UNCHECKED], no_model=True)
def megatron_checkpoint(where):
    make(where / 'latest_checkpointed_iteration.txt', '3000')
    torch_file(where / 'iter_0003000/mp_rank_00/model_optim_rng.pt',
               {'model/language_model.embedding.weight': ('F32', (32, 16))}, {'iteration': 3000})
    hub_rest(where)


@folder(warns=[UNCHECKED])
def lightning_checkpoint(where):
    torch_file(where / 'epoch=3-step=400.ckpt', {'state_dict/net.weight': ('F32', (8, 8))},
               {'epoch': 3, 'global_step': 400, 'pytorch-lightning_version': '2.2.0'})
    hub_rest(where)


# What is no model.

@folder(form='dataset', licence='CC-BY-4.0', warns=['holds a dataset'], no_model=True)
def dataset_with_card(where):
    card(where, 'cc-by-4.0', task_categories=['text-generation'], size_categories=['n<1K'])
    for number in range(2):
        make(where / f'data/train-{number:05}-of-00002.parquet', b'PAR1' + bytes(32) + b'PAR1')


@folder(form='dataset', warns=['holds a dataset'], no_model=True)
def dataset_of_lines(where):
    make(where / 'train.jsonl', '{"text": "a"}\n{"text": "b"}\n')
    make(where / 'test.csv', 'a,b\n1,2\n')
    hub_rest(where)


@folder(form='tokenizer', warns=[UNCHECKED], no_model=True)
def tokenizer_alone(where):
    tokenizer(where)
    hub_rest(where)


@folder('recipe', form='recipe', no_model=True)
def recipe_alone(where):
    shutil.copy(DATA / 'recipes/tiny-shakespeare.yaml', where / 'recipe.yaml')
    hub_rest(where)


@folder(form='files', warns=['no weights'], no_model=True)
def documents_alone(where):
    make(where / 'notes.md', 'No weights yet.\n')
    hub_rest(where)


# What lies about.

@folder(family='llama')
def belongings_of_tools(where):
    copied(where, 'architectures/llama-gqa')
    make(where / '.cache/huggingface/download/model.safetensors.metadata', 'x')
    make(where / '.cache/huggingface/download/abc.incomplete', '')
    for path in ('.ipynb_checkpoints/x.ipynb', '__pycache__/m.cpython-311.pyc', '.DS_Store', '._model.safetensors',
                 'Thumbs.db', '.git/config', '.idea/workspace.xml', 'wandb/run-1/files/config.yaml', '.env'):
        make(where / path, 'x')


@folder(family='gpt2', licence='MIT')
def twin_files(where):
    copied(where, 'architectures/gpt2-tied')
    card(where, 'mit')
    for name in ('tokenizer', 'tokenizer_2'):
        (where / name).mkdir()
        shutil.copy(DATA / 'tiny-shakespeare/step-0/tokenizer.json', where / name / 'tokenizer.json')
    make(where / 'a/__init__.py')
    make(where / 'b/__init__.py')
