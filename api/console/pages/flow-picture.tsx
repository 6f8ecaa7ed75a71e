/** The flow as a picture: a box for each stage with its numbers, joined by what flows. Wide screens read across, narrow ones down. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { StageName, StageReport, StagesReport } from '../../../infra/flow/stage-report';
import { count, counted, duration, rate } from './format';
import { mark, toneOf } from './parts';
import { to } from './router';

interface Box {
  readonly name: string;
  readonly title: string;
  readonly href: string;
  readonly column: number;
  readonly row: number;
}

const WIDTH = 190;
const HEIGHT = 118;
const GAP_X = 62;
const GAP_Y = 44;
const NARROW_PX = 860;

const titles: Readonly<Record<StageName, string>> = {
  relayed: 'Relay',
  acknowledged: 'Kafka',
  consumed: 'Process managers',
  projected: 'Projections',
};

const hrefs: Readonly<Record<StageName, string>> = {
  relayed: to('relay'),
  acknowledged: to('relay'),
  consumed: to('groups'),
  projected: to('projections'),
};

/** Where each box stands. */
const boxesOf = (isNarrow: boolean): ReadonlyArray<Box> => {
  const places: ReadonlyArray<readonly [string, string, string, number, number]> = [
    ['committed', 'Store', to('streams'), 0, 0.5],
    ['relayed', titles.relayed, hrefs.relayed, 1, 0.5],
    ['acknowledged', titles.acknowledged, hrefs.acknowledged, 2, 0.5],
    ['projected', titles.projected, hrefs.projected, 3, 0],
    ['consumed', titles.consumed, hrefs.consumed, 3, 1],
  ];
  return places.map(([name, title, href, column, row], index) =>
    isNarrow ? { name, title, href, column: 0, row: index } : { name, title, href, column, row },
  );
};

const edges: ReadonlyArray<readonly [string, StageName]> = [
  ['committed', 'relayed'],
  ['relayed', 'acknowledged'],
  ['acknowledged', 'projected'],
  ['acknowledged', 'consumed'],
];

const xOf = ({ column }: Box): number => 2 + column * (WIDTH + GAP_X);
const yOf = ({ row }: Box): number => 2 + row * (HEIGHT + GAP_Y);

/** Draws the flow. */
export const FlowPicture = ({ stages }: { readonly stages: StagesReport }) => {
  const frame = useRef<HTMLDivElement>(null);
  const [isNarrow, setNarrow] = useState(window.innerWidth < NARROW_PX);
  useEffect(() => {
    if (frame.current === null) return;
    const observer = new ResizeObserver(([entry]) => setNarrow((entry?.contentRect.width ?? 0) < NARROW_PX - 100));
    observer.observe(frame.current);
    return () => observer.disconnect();
  }, []);
  const boxes = boxesOf(isNarrow);
  const width = Math.max(...boxes.map(xOf)) + WIDTH + 2;
  const height = Math.max(...boxes.map(yOf)) + HEIGHT + 2;
  return (
    <div ref={frame} class={`flow ${isNarrow ? 'narrow' : ''}`}>
      <svg viewBox={`0 0 ${width} ${height}`} role="group" aria-label="The flow of events, stage by stage">
        {edges.map(([from, into]) => (
          <Edge
            key={into}
            from={boxes.find(({ name }) => name === from)}
            into={boxes.find(({ name }) => name === into)}
            isNarrow={isNarrow}
            stage={stages.items.find(({ stage }) => stage === into)}
          />
        ))}
        {boxes.map((box) => (
          <StageBox key={box.name} box={box} stages={stages} />
        ))}
      </svg>
    </div>
  );
};

const StageBox = ({ box, stages }: { readonly box: Box; readonly stages: StagesReport }) => {
  const stage = stages.items.find((each) => each.stage === box.name);
  const isSlowest = stages.slowest === box.name;
  const lines =
    stage === undefined ? [`position ${count(stages.storePosition)}`, 'what is committed', 'stays'] : linesOf(stage);
  const word = stage?.verdict ?? 'ok';
  const label = [box.title, word, ...lines, ...(isSlowest ? ['the slowest stage'] : [])].join(', ');
  return (
    <a href={box.href} aria-label={label} class={`stage ${toneOf(word)} ${isSlowest ? 'slowest' : ''}`}>
      <g transform={`translate(${xOf(box)} ${yOf(box)})`}>
        <rect width={WIDTH} height={HEIGHT} rx="10" />
        <text class="name" x="14" y="27">
          {box.title}
        </text>
        <text class="verdict" x="14" y="49">
          {mark(word)} {word.replace('-', ' ')}
          {isSlowest ? ' · slowest' : ''}
        </text>
        {lines.map((line, index) => (
          <text key={line} x="14" y={70 + index * 18} class={index === 0 ? 'number' : ''}>
            {line}
          </text>
        ))}
      </g>
    </a>
  );
};

const linesOf = ({ behind, ageSeconds, ratePerSecond, drain, etaSeconds }: StageReport): ReadonlyArray<string> => [
  behind === 0 ? 'nothing waits' : `${counted(behind, 'event')} behind`,
  behind === 0 ? rate(ratePerSecond) : `oldest ${duration(ageSeconds)} · ${rate(ratePerSecond)}`,
  drain === 'now'
    ? 'keeps up'
    : drain === 'draining'
      ? `through in ${duration(etaSeconds)}`
      : drain === 'measuring'
        ? 'measuring'
        : 'not draining',
];

const Edge = ({
  from,
  into,
  isNarrow,
  stage,
}: {
  readonly from: Box | undefined;
  readonly into: Box | undefined;
  readonly isNarrow: boolean;
  readonly stage: StageReport | undefined;
}) => {
  if (from === undefined || into === undefined || stage === undefined) return null;
  const isMoving = stage.ratePerSecond > 0 && toneOf(stage.verdict) !== 'bad';
  // As many more waiting events, so much wider.
  const width = 2 + Math.min(10, Math.log2(1 + stage.behind));
  const style = `edge ${toneOf(stage.verdict)} ${isMoving ? 'moving' : ''}`;
  return <path class={style} d={isNarrow ? down(from, into) : across(from, into)} stroke-width={width} />;
};

const across = (from: Box, into: Box): string => {
  const [x1, y1] = [xOf(from) + WIDTH, yOf(from) + HEIGHT / 2];
  const [x2, y2] = [xOf(into), yOf(into) + HEIGHT / 2];
  const middle = (x1 + x2) / 2;
  return `M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}`;
};

/** The last box hangs on the third one as well: its edge goes round the one between. */
const down = (from: Box, into: Box): string => {
  const [x, y1, y2] = [xOf(from) + WIDTH / 2, yOf(from) + HEIGHT, yOf(into)];
  if (into.row - from.row === 1) return `M${x} ${y1}L${x} ${y2}`;
  const side = xOf(from) + WIDTH + 14;
  const [start, end] = [yOf(from) + HEIGHT / 2, yOf(into) + HEIGHT / 2];
  return `M${side - 14} ${start}C${side + 10} ${start} ${side + 10} ${end} ${side - 14} ${end}`;
};
