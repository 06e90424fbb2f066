/** Which files of a folder or a listing belong to a model. */
import assert from 'node:assert/strict';
import { test } from 'vitest';
import { isModelFile, modelFilesAmong } from '../../../src/model/source/model-files.ts';

test('only what affects vectors is a file of the model, and nothing outside its folder', () => {
  const modelFiles = [
    'model.safetensors',
    '1_Pooling/config.json',
    '2_Normalize/config.json',
    'sentence_roberta_config.json',
    'model.safetensors.index.json',
    'model-00001-of-00002.safetensors',
    'tokenizer_config.json',
    'model.onnx',
    'model.onnx_data',
    'onnx/model.onnx',
    'onnx/model.onnx_data',
  ];
  for (const path of modelFiles) assert.ok(isModelFile(path), path);
  const others = [
    '../config.json',
    '/config.json',
    'x/config.json',
    '1_x/../config.json',
    '1_a/b/config.json',
    '../model-00001-of-00002.safetensors',
    'x/model-00001-of-00002.safetensors',
    'model-1-of-2.safetensors',
    'onnx/../model.onnx',
    '../onnx/model.onnx',
    'onnx/model_quantized.onnx',
    'openvino/model.onnx',
    'model-00001-of-00002.safetensors/../../x',
    'model-00001-of-00002.safetensors\n',
    'adapter_model.safetensors',
  ];
  for (const path of others) assert.ok(!isModelFile(path), path);
  assert.deepEqual(modelFilesAmong([...others, ...modelFiles]), [
    'model.safetensors',
    '1_Pooling/config.json',
    '2_Normalize/config.json',
    'sentence_roberta_config.json',
    'tokenizer_config.json',
  ]);
});
