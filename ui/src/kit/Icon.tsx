/** The icons, drawn on 16 by 16: bundled, so that nothing is loaded from elsewhere. */

import type { ReactElement } from "react";

const dots = (points: readonly (readonly [number, number])[], r: number) => (
  <g fill="currentColor" stroke="none">
    {points.map(([x, y]) => (
      <circle key={`${x} ${y}`} cx={x} cy={y} r={r} />
    ))}
  </g>
);

const STAR =
  "M8 2l1.8 3.8 4.2.5-3.1 2.9.8 4.1L8 11.3l-3.7 2 .8-4.1L2 6.3l4.2-.5z";

const SHAPES = {
  products: <path d="M8 1.8l5.5 3v6.4l-5.5 3-5.5-3V4.8zM2.5 4.8L8 7.8l5.5-3M8 7.8v6.4" />,
  releases: (
    <>
      <circle cx="3.2" cy="4" r="1.4" />
      <circle cx="3.2" cy="12" r="1.4" />
      <path d="M3.2 5.4v5.2M7 4h7M7 8h5M7 12h7" />
    </>
  ),
  environments: (
    <>
      <rect x="1.8" y="2.5" width="3.2" height="11" rx="1" />
      <rect x="6.4" y="2.5" width="3.2" height="8" rx="1" />
      <rect x="11" y="2.5" width="3.2" height="5" rx="1" />
    </>
  ),
  flows: (
    <>
      <rect x="1.6" y="6" width="4" height="4" rx="1" />
      <rect x="10.4" y="1.8" width="4" height="4" rx="1" />
      <rect x="10.4" y="10.2" width="4" height="4" rx="1" />
      <path d="M5.6 8H8M10.4 3.8H9.2A1.2 1.2 0 0 0 8 5v6a1.2 1.2 0 0 0 1.2 1.2h1.2" />
    </>
  ),
  policies: <path d="M8 1.8l5 1.9v4c0 3-2 5.4-5 6.5-3-1.1-5-3.5-5-6.5v-4zM5.8 8l1.6 1.6 2.9-3.2" />,
  workflows: <path d="M2 4h6M2 8h4M2 12h6M10 6.2l4 2.3-4 2.3z" />,
  configuration: (
    <path d="M9.5 1.8H4.2a1 1 0 0 0-1 1v10.4a1 1 0 0 0 1 1h7.6a1 1 0 0 0 1-1V5zM9.5 1.8V5h3.3M5.6 8h4.8M5.6 11h3" />
  ),
  search: (
    <>
      <circle cx="7" cy="7" r="4.3" />
      <path d="M10.3 10.3l3.5 3.5" />
    </>
  ),
  theme: (
    <>
      <circle cx="8" cy="8" r="5.8" />
      <path d="M8 2.2a5.8 5.8 0 0 1 0 11.6z" fill="currentColor" stroke="none" />
    </>
  ),
  help: (
    <>
      <circle cx="8" cy="8" r="6.2" />
      <path d="M6.2 6.3A1.8 1.8 0 1 1 8 8.2v.8M8 11.3v.1" />
    </>
  ),
  down: <path d="M4.5 6.3L8 9.8l3.5-3.5" />,
  right: <path d="M6.3 4.5L9.8 8l-3.5 3.5" />,
  left: <path d="M9.8 4.5L6.3 8l3.5 3.5" />,
  commit: (
    <>
      <circle cx="8" cy="8" r="2.6" />
      <path d="M1.6 8h3.8M10.6 8h3.8" />
    </>
  ),
  pullRequest: (
    <>
      <circle cx="4" cy="3.6" r="1.6" />
      <circle cx="4" cy="12.4" r="1.6" />
      <circle cx="12" cy="12.4" r="1.6" />
      <path d="M4 5.2v5.6M12 10.8V6.4a2 2 0 0 0-2-2H8M9.6 2.6L7.8 4.4l1.8 1.8" />
    </>
  ),
  trace: (
    <>
      <circle cx="3.4" cy="12.2" r="1.6" />
      <circle cx="12.6" cy="3.8" r="1.6" />
      <path d="M5 12.2h1.6A1.8 1.8 0 0 0 8.4 10.4V5.6a1.8 1.8 0 0 1 1.8-1.8H11" />
    </>
  ),
  issue: (
    <>
      <rect x="2.6" y="2.6" width="10.8" height="10.8" rx="1.8" />
      <path d="M5.6 8.2l1.8 1.8 3.2-3.8" />
    </>
  ),
  image: <path d="M8 2.2l6 3.2-6 3.2-6-3.2zM2.6 8.2L8 11l5.4-2.8M2.6 11L8 13.8l5.4-2.8" />,
  git: <path d="M8 1.9L14.1 8 8 14.1 1.9 8zM8 5.6v4.8M8 8h2.4" />,
  close: <path d="M4 4l8 8M12 4l-8 8" />,
  plus: <path d="M8 3.5v9M3.5 8h9" />,
  minus: <path d="M3.5 8h9" />,
  fit: <path d="M2.5 5.5v-3h3M10.5 2.5h3v3M13.5 10.5v3h-3M5.5 13.5h-3v-3" />,
  copy: (
    <>
      <rect x="5.5" y="5.5" width="8" height="8" rx="1.5" />
      <path d="M10.5 5.5V4A1.5 1.5 0 0 0 9 2.5H4A1.5 1.5 0 0 0 2.5 4v5A1.5 1.5 0 0 0 4 10.5h1.5" />
    </>
  ),
  download: <path d="M8 2.5v7.5M4.8 7L8 10.2 11.2 7M2.8 13.5h10.4" />,
  wrap: <path d="M2 4h12M2 8h9.5a2.2 2.2 0 0 1 0 4.4H8M9.6 10.6L7.8 12.4l1.8 1.8M2 12.4h3" />,
  follow: <path d="M8 2.5v8M4.6 7.2L8 10.6l3.4-3.4M3 13.5h10" />,
  external: <path d="M6.5 3.5h-3v9h9v-3M9.5 2.5h4v4M13.3 2.7L7.5 8.5" />,
  more: dots([[3.5, 8], [8, 8], [12.5, 8]], 1.2),
  lock: (
    <>
      <rect x="3.2" y="7" width="9.6" height="6.5" rx="1.3" />
      <path d="M5.3 7V5.2a2.7 2.7 0 0 1 5.4 0V7" />
    </>
  ),
  window: (
    <>
      <rect x="2.2" y="3.2" width="11.6" height="10.4" rx="1.5" />
      <path d="M2.2 6.4h11.6M5.2 1.8v2.4M10.8 1.8v2.4" />
    </>
  ),
  star: <path d={STAR} />,
  starred: <path d={STAR} fill="currentColor" />,
  warning: <path d="M8 2.2l6.2 11H1.8zM8 6.4v3.2M8 11.4v.1" />,
  grip: dots([[6, 4], [10, 4], [6, 8], [10, 8], [6, 12], [10, 12]], 1),
  arrow: <path d="M2.5 8h10.5M9.5 4.5L13 8l-3.5 3.5" />,
  up: <path d="M8 13V3.5M4.5 7L8 3.5 11.5 7" />,
  list: <path d="M2.5 4h11M2.5 8h11M2.5 12h11" />,
  component: <rect x="2.4" y="2.4" width="11.2" height="11.2" rx="2" />,
  check: <path d="M3.5 8.5l3 3 6-7" />,
  back: <path d="M3 8a5 5 0 1 0 1.6-3.7M4.4 1.8v2.7h2.7" />,
} satisfies Record<string, ReactElement>;

export type IconName = keyof typeof SHAPES;

interface IconProps {
  readonly name: IconName;
  readonly size?: number;
  readonly className?: string;
}

export function Icon({ name, size = 14, className = "" }: IconProps) {
  return (
    <svg
      className={`i ${className}`}
      width={size}
      height={size}
      viewBox="0 0 16 16"
      aria-hidden="true"
    >
      {SHAPES[name]}
    </svg>
  );
}
