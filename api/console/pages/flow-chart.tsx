/** How many events waited at each stage, as long as the page has been open. */
import { nowMs } from './clock';
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { stageNames, type StagesReport } from '../../../infra/flow/stage-report';
import { count } from './format';
import { Section } from './parts';

const HEIGHT = 180;
const MAX_SAMPLES = 900;
const DASHES: ReadonlyArray<ReadonlyArray<number>> = [[], [7, 4], [2, 3], [9, 3, 2, 3]];

const times: number[] = [];
const series: number[][] = stageNames.map(() => []);

const keep = (stages: StagesReport): void => {
  const now = Math.round(nowMs() / 1_000);
  if (times.at(-1) === now) return;
  times.push(now);
  stageNames.forEach((name, index) => {
    series[index]?.push(stages.items.find(({ stage }) => stage === name)?.behind ?? 0);
  });
  if (times.length > MAX_SAMPLES) for (const list of [times, ...series]) list.shift();
};

/** Draws the chart; each stage has a colour and a dash of its own. */
export const FlowChart = ({ stages }: { readonly stages: StagesReport }) => {
  const frame = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot>();
  keep(stages);
  useEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const plot = new uPlot(optionsFor(element), [times, ...series], element);
    chart.current = plot;
    const observer = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: HEIGHT }));
    observer.observe(element);
    // Colours are read when the chart is drawn.
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    const redraw = (): void => plot.redraw();
    scheme.addEventListener('change', redraw);
    return () => {
      observer.disconnect();
      scheme.removeEventListener('change', redraw);
      plot.destroy();
    };
  }, []);
  useEffect(() => chart.current?.setData([times, ...series]), [stages]);
  const now = stageNames.map((name, index) => `${name} ${count(series[index]?.at(-1))}`).join(', ');
  return (
    <Section title="Events that wait, since this page was opened">
      <div ref={frame} class="chart" role="img" aria-label={`Events that wait: ${now}`} />
    </Section>
  );
};

const timeOf = (seconds: number): string => new Date(seconds * 1_000).toTimeString().slice(0, 8);

const optionsFor = (element: HTMLElement): uPlot.Options => {
  const colour = (name: string) => (): string => getComputedStyle(element).getPropertyValue(name);
  const axis = {
    stroke: colour('--soft'),
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { stroke: colour('--line'), width: 1 },
  };
  return {
    width: element.clientWidth,
    height: HEIGHT,
    cursor: { drag: { x: false, y: false } },
    scales: { y: { range: (_plot, _min, max) => [0, Math.max(10, max * 1.1)] } },
    axes: [
      { ...axis, values: (_plot, ticks) => ticks.map(timeOf), incrs: [1, 5, 15, 30, 60, 300] },
      { ...axis, size: 60, values: (_plot, values) => values.map((value) => count(value)) },
    ],
    series: [
      { label: 'Time', value: (_plot, value: number | null) => (value === null ? '–' : timeOf(value)) },
      ...stageNames.map((label, index) => ({
        label,
        stroke: colour(`--series-${index + 1}`),
        width: 2,
        dash: [...(DASHES[index] ?? [])],
        points: { show: false },
        value: (_plot: uPlot, value: number | null) => count(value),
      })),
    ],
  };
};
