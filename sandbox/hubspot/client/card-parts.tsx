import type * as ui from '@hubspot/ui-extensions';
import type { ReactNode } from 'react';

// HubSpot's components as HTML: those that the card uses, and of their properties what it uses.

type Href = ui.LinkProps['href'] | undefined;
const addressOf = (href: Href): string | undefined => (typeof href === 'object' ? href.url : href);
// What the card is told of a click; the browser's own event does not leave the page.
const tell = (onClick: ui.ButtonProps['onClick']) => () => {
  const event = { type: 'click', bubbles: true, timeStamp: performance.now(), id: '' };
  // Without overlays there is nothing to react with.
  void Reflect.apply(onClick ?? (() => undefined), undefined, [event, {}]);
};

function Clickable(props: ui.ButtonProps & { loading?: boolean }) {
  const { children, href, onClick, disabled = false, loading = false, variant = 'secondary', testId } = props;
  const address = addressOf(href);
  const looks = { className: `button ${variant}`, 'data-test-id': testId, onClick: tell(onClick) };
  if (address !== undefined)
    return (
      <a {...looks} href={address} target="_blank" rel="noopener noreferrer">
        {children} <span aria-hidden="true">↗</span>
      </a>
    );
  return (
    <button {...looks} type="button" disabled={disabled || loading} aria-busy={loading}>
      {children}
    </button>
  );
}

const gaps: Record<string, string> = { flush: '0', 'extra-small': '4px', small: '8px', medium: '16px' };
const align: Record<string, string> = { start: 'flex-start', end: 'flex-end' };

/** By the names under which a card's components arrive. */
export const PARTS = {
  Alert: ({ title, children, variant = 'info' }: ui.AlertProps) => (
    <div className={`alert ${variant}`} role={variant === 'danger' ? 'alert' : 'status'}>
      <strong>{title}</strong>
      <p>{children}</p>
    </div>
  ),
  Button: Clickable,
  LoadingButton: Clickable,
  DescriptionList: ({ children }: ui.DescriptionListProps) => <dl>{children}</dl>,
  DescriptionListItem: ({ label, children }: ui.DescriptionListItemProps) => (
    <div>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  ),
  Flex: ({
    direction = 'row',
    gap = 'flush',
    align: at = 'stretch',
    wrap = false,
    children,
  }: ui.FlexProps) => (
    <div
      style={{
        display: 'flex',
        flexDirection: direction,
        gap: gaps[gap] ?? '16px',
        alignItems: align[at] ?? at,
        flexWrap: wrap === false || wrap === 'nowrap' ? 'nowrap' : 'wrap',
      }}
    >
      {children}
    </div>
  ),
  Heading: ({ children }: ui.HeadingProps) => <h3>{children}</h3>,
  Link: ({ href, onClick, children, testId }: ui.LinkProps) => (
    <a
      href={addressOf(href)}
      target="_blank"
      rel="noopener noreferrer"
      data-test-id={testId}
      onClick={tell(onClick)}
    >
      {children}
    </a>
  ),
  // Each child is an item; they arrive as one list.
  List: ({ children }: { children: ReactNode[] | ReactNode }) => (
    <ul>
      {Array.isArray(children) ? (
        children.map((child, index) => <li key={index}>{child}</li>)
      ) : (
        <li>{children}</li>
      )}
    </ul>
  ),
  LoadingSpinner: ({ label }: ui.LoadingSpinnerProps) => <p role="status">{label}</p>,
  ProgressBar: ({ title, value = 0, maxValue = 100, valueDescription }: ui.ProgressBarProps) => (
    <label className="progress" role="status">
      {title}: {valueDescription}
      <progress value={value} max={maxValue} />
    </label>
  ),
  ScoreCircle: ({ score }: ui.ScoreProps) => (
    <svg className="circle" viewBox="0 0 36 36" role="img" aria-label={`Score ${score} of 100`}>
      <circle cx="18" cy="18" r="15.9" />
      <circle cx="18" cy="18" r="15.9" strokeDasharray={`${score} 100`} transform="rotate(-90 18 18)" />
      <text x="18" y="18.5">
        {score}
      </text>
    </svg>
  ),
  Select: ({ label, name, value, options, onChange, testId }: ui.SelectProps) => (
    <label className="select">
      {label}
      <select
        name={name}
        value={String(value)}
        data-test-id={testId}
        onChange={(event) => onChange?.(event.target.value)}
      >
        {options.map((option) => (
          <option key={String(option.value)} value={String(option.value)}>
            {option.label}
          </option>
        ))}
      </select>
    </label>
  ),
  StatusTag: ({ variant = 'default', children, testId }: ui.StatusTagProps) => (
    <span className={`tag ${variant}`} data-test-id={testId}>
      {children}
    </span>
  ),
  Text: ({ variant = 'bodytext', format, children, testId }: ui.TextProps) => (
    <p
      className={variant}
      data-test-id={testId}
      style={{
        fontStyle: format?.italic === true ? 'italic' : 'normal',
        fontWeight: format?.fontWeight === undefined ? 'normal' : 600,
      }}
    >
      {children}
    </p>
  ),
};
