/** Which environment notes are about, each with how the release stands there. */

import { Menu } from "@mantine/core";
import type { EnvironmentShown } from "../api/schema";
import { Glyph } from "../kit/Glyph";
import { Icon } from "../kit/Icon";

interface EnvironmentPickerProps {
  readonly environments: readonly EnvironmentShown[];
  readonly chosen: string;
  readonly choose: (name: string) => void;
}

export function EnvironmentPicker({ environments, chosen, choose }: EnvironmentPickerProps) {
  const there = environments.find((each) => each.name === chosen);
  return (
    <Menu>
      <Menu.Target>
        <button className="btn pick" aria-label={`Environment: ${chosen}`}>
          {there && <Glyph status={there.status} size={14} label="" />}
          <span className="v">{chosen}</span>
          <Icon name="down" size={12} />
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        {environments.map((each) => (
          <Menu.Item
            key={each.name}
            leftSection={<Glyph status={each.status} size={14} label="" />}
            rightSection={<span className="t3 s11">{each.status}</span>}
            onClick={() => choose(each.name)}
          >
            {each.name}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
