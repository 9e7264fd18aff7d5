"""Load the tables' rows of one window, and write down what they are by hash."""

from datetime import date

from engine import command_line


def main() -> None:
    parser = command_line.parser(__doc__)
    parser.add_argument("--data-settings", type=command_line.json_object, required=True)
    parser.add_argument("--window", choices=["training", "evaluation"], required=True)
    parser.add_argument("--as-of", type=date.fromisoformat, required=True, help="today's date, YYYY-MM-DD")
    parser.add_argument("--tables", type=command_line.output_file, required=True)
    arguments = parser.parse_args()

    from engine.datasets.windows import load_window

    load_window(arguments.data_settings, arguments.window, arguments.as_of, arguments.tables)


if __name__ == "__main__":
    command_line.run(main)
