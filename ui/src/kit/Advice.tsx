/** What to do about something: a sentence, or what to type where one works with the command line. */

interface AdviceProps {
  readonly of: string | undefined;
  /** Buttons for it are at hand: what to type is then only noise. */
  readonly atHand?: boolean;
}

export function Advice({ of, atHand = false }: AdviceProps) {
  if (!of) return null;
  const isCommand = of.startsWith("towpath ");
  if (isCommand && atHand) return null;
  if (!isCommand) return <span className="t2"> {of}</span>;
  return (
    <span className="t2">
      {" "}
      On the command line: <code className="mono">{of}</code>
    </span>
  );
}
