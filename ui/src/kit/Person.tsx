/** Who did something. */

export function initials(name: string): string {
  const words = name.trim().split(/[\s._-]+/).filter(Boolean);
  const letters = words.length > 1 ? words.slice(0, 2).map((word) => word.charAt(0)) : [name.slice(0, 2)];
  return letters.join("").toUpperCase();
}

export function Person({ name }: { readonly name: string }) {
  if (!name) return <span className="t3">nobody named</span>;
  return (
    <span className="who">
      <span className="av" aria-hidden="true">
        {initials(name)}
      </span>
      <span className="el" title={name}>
        {name}
      </span>
    </span>
  );
}
