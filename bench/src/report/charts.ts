/** Charts of a suite's result as SVG, and as PNG for where SVG isn't shown. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Resvg } from '@resvg/resvg-js';
import * as echarts from 'echarts';
import type { ContenderResult, SuiteResult, TrialResult } from '../results/results.ts';
import { medianExtra, ratiosTo, summarize, valuesOf } from '../results/statistics.ts';
import type { ChartSpec } from '../trial/trial.ts';

const WIDTH = 960;
const FONT = 'DejaVu Sans';
/** The fonts of a package, because a machine without fonts would draw no letters. */
const FONTS = join(dirname(createRequire(import.meta.url).resolve('dejavu-fonts-ttf/package.json')), 'ttf');
const PNG_SCALE = 2;
const PERCENTILES = { p50: 'latency_p50_ms', p90: 'latency_p90_ms', p99: 'latency_p99_ms', 'p99.9': 'latency_p999_ms' };

type Option = echarts.EChartsCoreOption & { height?: number };

/** @returns undefined when the result has no figures for the chart */
export function drawChart(spec: ChartSpec, result: SuiteResult): { svg: string; png: Buffer } | undefined {
  const trials = result.trials
    .filter(({ parameters }) => Object.entries(spec.where).every(([name, value]) => parameters[name] === value))
    .map((trial) => chosenOf(trial, spec))
    .filter(({ contenders }) => contenders.some(({ rounds }) => rounds.length > 0));
  if (trials.length === 0) return undefined;
  const drawn = optionOf(spec, trials);
  if (drawn === undefined) return undefined;
  const { height = 480, ...option } = drawn;
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height });
  const { machine, date, partial, quick } = result;
  const warnings = [quick && 'QUICK: no measurement', partial && 'partial'].filter((text) => text !== false);
  const about = [machine.cpu, `${machine.cores} cores`, machine.kernel, date.slice(0, 10), machine.commit];
  const subtext = [...about, ...warnings].join(', ');
  chart.setOption({
    animation: false,
    backgroundColor: '#fff',
    textStyle: { fontFamily: FONT },
    title: { text: spec.title, subtext, left: 'center' },
    ...option,
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  const font = { loadSystemFonts: false, fontDirs: [FONTS], defaultFontFamily: FONT };
  const png = new Resvg(svg, { font, fitTo: { mode: 'zoom', value: PNG_SCALE } }).render().asPng();
  return { svg, png };
}

function chosenOf(trial: TrialResult, { roles, contenders: names }: ChartSpec): TrialResult {
  const isChosen = ({ role, name }: ContenderResult) =>
    (roles === undefined || roles.includes(role)) && (names === undefined || names.includes(name));
  return { ...trial, contenders: trial.contenders.filter(isChosen) };
}

function optionOf({ kind }: ChartSpec, trials: readonly TrialResult[]): Option | undefined {
  switch (kind.type) {
    case 'bars':
      return bars(trials, kind);
    case 'lines':
      return lines(trials, kind.over, kind.series);
    case 'percentiles':
      return percentiles(trials);
    case 'ratios':
      return ratios(trials);
  }
}

/** The legend has room to spare: without a canvas, the width of text is only estimated. */
const LEGEND = { bottom: 8, type: 'plain', itemGap: 36, width: WIDTH - 220 };
const SYMBOLS = ['circle', 'rect', 'triangle', 'diamond', 'emptyCircle', 'emptyRect', 'emptyTriangle', 'emptyDiamond'];
const GRID = { left: 90, right: 40, top: 80, bottom: 120 };

const medianOf = (values: readonly number[]) => summarize(values)?.median ?? null;
const rounded = (value: number | null) => (value === null ? null : Number(value.toPrecision(3)));

function contenderNames(trials: readonly TrialResult[]): string[] {
  return [...new Set(trials.flatMap(({ contenders }) => contenders.map(({ name }) => name)))];
}

function bars(trials: readonly TrialResult[], { axis, figure, unit }: ChartSpec['kind'] & { type: 'bars' }): Option {
  const heightOf = (contender: ContenderResult) =>
    figure === undefined ? medianOf(valuesOf(contender)) : (medianExtra(contender, figure) ?? null);
  return {
    grid: GRID,
    legend: LEGEND,
    xAxis: { type: 'category', data: shortNames(trials).map(broken), axisLabel: { interval: 0 } },
    yAxis: { type: axis === 'log' ? 'log' : 'value', name: unit ?? trials[0]?.unit },
    series: contenderNames(trials).map((name) => ({
      name,
      type: 'bar',
      data: trials.map((trial) => {
        const contender = trial.contenders.find((other) => other.name === name);
        return contender === undefined ? null : rounded(heightOf(contender));
      }),
    })),
  };
}

/** Both axes logarithmic; a line for each contender, and for each value of `series`. */
function lines(trials: readonly TrialResult[], over: string, series: string | undefined): Option {
  const values = [...new Set(trials.map(({ parameters }) => String(parameters[over])))];
  const kinds = [...new Set(trials.map(({ parameters }) => (series === undefined ? '' : `, ${parameters[series]}`)))];
  const dashes = ['solid', 'dashed', 'dotted'];
  return {
    grid: GRID,
    legend: LEGEND,
    xAxis: { type: 'category', data: values, name: over, nameLocation: 'middle', nameGap: 28 },
    yAxis: { type: 'log', name: trials[0]?.unit },
    series: contenderNames(trials).flatMap((name) =>
      kinds.map((kind, at) => ({
        name: series === undefined ? name : `${name}${kind} ${series === 'threads' ? 'threads' : ''}`.trim(),
        type: 'line',
        lineStyle: { type: dashes[at % dashes.length] },
        data: values.map((value) => {
          const trial = trials.find(
            ({ parameters }) =>
              String(parameters[over]) === value && (series === undefined || `, ${parameters[series]}` === kind),
          );
          const contender = trial?.contenders.find((other) => other.name === name);
          return contender === undefined ? null : rounded(medianOf(valuesOf(contender)));
        }),
      })),
    ),
  };
}

function percentiles(trials: readonly TrialResult[]): Option {
  return {
    grid: GRID,
    legend: LEGEND,
    xAxis: {
      type: 'category',
      data: Object.keys(PERCENTILES),
      name: 'percentile',
      nameLocation: 'middle',
      nameGap: 28,
    },
    yAxis: { type: 'log', name: 'ms' },
    series: trials.flatMap(({ contenders }) =>
      contenders.map((contender) => ({
        name: contender.name,
        type: 'line',
        data: Object.values(PERCENTILES).map((name) => rounded(medianExtra(contender, name) ?? null)),
      })),
    ),
  };
}

/** A mark for each contender: right of 1 the subject is ahead, left of 1 the contender. */
function ratios(trials: readonly TrialResult[]): Option | undefined {
  const labels = shortNames(trials);
  const pairs = trials.flatMap((trial, at) =>
    trial.contenders.flatMap((contender) => {
      const ratio = rounded(medianOf(ratiosTo(trial, contender)));
      return ratio === null ? [] : [{ name: contender.name, point: [ratio, labels[at]] }];
    }),
  );
  if (pairs.length === 0) return undefined;
  const names = [...new Set(pairs.map(({ name }) => name))];
  const one = { symbol: 'none', silent: true, label: { show: false }, data: [{ xAxis: 1 }] };
  return {
    height: 220 + trials.length * 26,
    grid: { ...GRID, left: 380 },
    legend: LEGEND,
    xAxis: { type: 'log', name: '×', minorSplitLine: { show: true } },
    yAxis: { type: 'category', data: labels.toReversed(), splitLine: { show: true } },
    series: names.map((name, at) => ({
      name,
      type: 'scatter',
      symbol: SYMBOLS[at % SYMBOLS.length],
      symbolSize: 12,
      data: pairs.filter((pair) => pair.name === name).map(({ point }) => point),
      ...(at === 0 ? { markLine: { ...one, lineStyle: { color: '#333', type: 'solid', width: 2 } } } : {}),
    })),
  };
}

/** Labels of trials: their ids without leading words and `name=value` words that all of them share. */
export function shortNames(trials: readonly { readonly id: string }[]): string[] {
  const ids = trials.map(({ id }) => id.split(' '));
  const [first = []] = ids;
  if (ids.length === 1) return [first.join(' ')];
  const differs = first.findIndex((word, at) => ids.some((words) => words[at] !== word));
  const shared = new Set(first.filter((word) => word.includes('=') && ids.every((words) => words.includes(word))));
  return ids.map((words) => {
    const own = words.slice(Math.max(0, differs)).filter((word) => !shared.has(word));
    return own.join(' ').replace(/[:,]$/, '') || words.join(' ');
  });
}

/** One parameter a line, because bars are narrow. */
const broken = (name: string) => name.replaceAll(/ (?=\w+=)/g, '\n');
