import { createTheme, type MantineColorsTuple } from "@mantine/core";

const iris: MantineColorsTuple = ["#f1f1fc", "#e2e1f7", "#c7c5ee", "#a9a6e6", "#908cdf", "#7c77d8", "#5d58c6", "#4a46b8", "#3d399b", "#302d7c"];

const dark: MantineColorsTuple = ["#ededf2", "#c9c9d3", "#9d9daa", "#6d6d7b", "#3a3b45", "#2b2c34", "#212228", "#17181d", "#121317", "#0d0e11"];

export const theme = createTheme({
  primaryColor: "iris",
  primaryShade: { light: 7, dark: 6 },
  colors: { iris, dark },
  fontFamily: "var(--font)",
  headings: { fontFamily: "var(--font)", fontWeight: "650" },
  defaultRadius: "md",
  cursorType: "pointer",
  respectReducedMotion: true,
  components: {
    Menu: { defaultProps: { radius: "md", shadow: "lg", position: "bottom-end", width: 220 } },
    Tooltip: { defaultProps: { openDelay: 400, withArrow: true, events: { hover: true, focus: true, touch: false } } },
    ActionIcon: { defaultProps: { variant: "subtle", color: "gray", size: 38, radius: "md" } },
  },
});
